import type { Origins } from '../search/feed.ts';

/** Differences between texts that can be looked past. */
export const NORMALISATIONS = ['case', 'blanks', 'quotes', 'nfkc'] as const;
export type Normalisation = (typeof NORMALISATIONS)[number];

const QUOTES: Readonly<Record<string, string>> = Object.fromEntries([
  ...[...'\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02bc'].map(mark => [mark, "'"] as const),
  ...[...'\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb'].map(mark => [mark, '"'] as const),
  ...[...'\u2010\u2011\u2012\u2013\u2014\u2015\u2212'].map(mark => [mark, '-'] as const),
  ['\u2026', '...'] as const,
]);

/** Written, and of no width. */
const INVISIBLE = new Set(['\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff']);
const BLANK = /^\s+$/u;
const MARK = /^\p{M}$/u;
/** Vowels and tails that join the syllable before them. */
const isJamo = (code: number): boolean => code >= 0x1160 && code <= 0x11ff;
/** Marks on one letter, at most; more are no language. */
const MOST_MARKS = 30;
/** Changed clusters that are kept. */
const MOST_KEPT = 20_000;

/** A code point and its length in bytes; −1 for a byte that is no UTF-8, 0 bytes where more of it may come. */
function decode(bytes: Uint8Array, at: number, whole: boolean): { readonly code: number; readonly length: number } {
  const first = bytes[at]!;
  if (first < 0x80) return { code: first, length: 1 };
  const length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || first >= 0xf8) return { code: -1, length: 1 };
  let code = first & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    if (at + k >= bytes.length) return whole ? { code: -1, length: 1 } : { code: -1, length: 0 };
    const next = bytes[at + k]!;
    if ((next & 0xc0) !== 0x80) return { code: -1, length: 1 };
    code = (code << 6) | (next & 0x3f);
  }
  const least = length === 4 ? 0x10000 : length === 3 ? 0x800 : 0x80;
  const good = code >= least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return good ? { code, length } : { code: -1, length: 1 };
}

/** A text after normalisation, with where each of its bytes was. */
export interface NormalisedPiece {
  readonly bytes: Uint8Array;
  readonly origins: Origins;
}

/** Arrays that grow. */
class Output {
  bytes = new Uint8Array(1024);
  origins: Origins = {
    bytes: new Float64Array(1024),
    codePoints: new Float64Array(1024),
    lines: new Float64Array(1024),
  };
  length = 0;

  add(byte: number, at: { readonly byte: number; readonly codePoints: number; readonly lines: number }): void {
    if (this.length === this.bytes.length) this.#grow();
    this.bytes[this.length] = byte;
    this.origins.bytes[this.length] = at.byte;
    this.origins.codePoints[this.length] = at.codePoints;
    this.origins.lines[this.length] = at.lines;
    this.length++;
  }

  #grow(): void {
    const doubled = <T extends Uint8Array | Float64Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    const size = 2 * this.bytes.length;
    this.bytes = doubled(this.bytes, new Uint8Array(size));
    const { bytes, codePoints, lines } = this.origins;
    this.origins = {
      bytes: doubled(bytes, new Float64Array(size)),
      codePoints: doubled(codePoints, new Float64Array(size)),
      lines: doubled(lines, new Float64Array(size)),
    };
  }

  take(): NormalisedPiece {
    const { length } = this;
    this.length = 0;
    const { bytes, codePoints, lines } = this.origins;
    return {
      bytes: this.bytes.subarray(0, length),
      origins: {
        bytes: bytes.subarray(0, length),
        codePoints: codePoints.subarray(0, length),
        lines: lines.subarray(0, length),
      },
    };
  }
}

/**
 * Changes documents so that texts that differ in what is looked past become equal, and keeps where every byte was. Pieces may end anywhere, within a code
 * point too. A byte that is no UTF-8 stays as it is.
 */
export class Normaliser {
  readonly #rules: ReadonlySet<Normalisation>;
  readonly #output = new Output();
  readonly #kept = new Map<string, Uint8Array>();
  #rest = new Uint8Array(0);
  #at = { byte: 0, codePoints: 0, lines: 0 };
  /** A blank has been written, or nothing yet: another one is left out. */
  #blank = true;

  constructor(rules: readonly Normalisation[]) {
    this.#rules = new Set(rules);
  }

  begin(): void {
    this.#rest = new Uint8Array(0);
    this.#at = { byte: 0, codePoints: 0, lines: 0 };
    this.#blank = true;
  }

  /** The next bytes of the document, changed; the result is overwritten by the next call. */
  push(piece: Uint8Array, last: boolean): NormalisedPiece {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (at < bytes.length) {
      const length = this.#cluster(bytes, at, last);
      if (length === 0) break;
      at += length;
    }
    this.#rest = Uint8Array.from(bytes.subarray(at));
    return this.#output.take();
  }

  /** Changes the letter at `at` with the marks on it. Returns its bytes, or 0 where more of it may come. */
  #cluster(bytes: Uint8Array, at: number, last: boolean): number {
    const first = decode(bytes, at, last);
    if (first.length === 0) return 0;
    if (first.code < 0) {
      this.#write(bytes.subarray(at, at + 1));
      this.#advance(1, (bytes[at]! & 0xc0) === 0x80 ? 0 : 1, 0);
      return 1;
    }
    let length = first.length;
    let codes = 1;
    while (codes <= MOST_MARKS) {
      if (at + length >= bytes.length) {
        if (!last) return 0;
        break;
      }
      if (bytes[at + length]! < 0x80) break;
      const next = decode(bytes, at + length, last);
      if (next.length === 0) return 0;
      if (next.code < 0 || !(isJamo(next.code) || MARK.test(String.fromCodePoint(next.code)))) break;
      length += next.length;
      codes++;
    }
    if (length === 1) this.#plain(first.code);
    else this.#rare(Buffer.from(bytes.subarray(at, at + length)).toString('utf8'));
    this.#advance(length, codes, first.code === 0x0a ? 1 : 0);
    return length;
  }

  #advance(bytes: number, codePoints: number, lines: number): void {
    const { byte, codePoints: before, lines: above } = this.#at;
    this.#at = { byte: byte + bytes, codePoints: before + codePoints, lines: above + lines };
  }

  #plain(code: number): void {
    const blanks = this.#rules.has('blanks');
    if (blanks && (code === 0x20 || (code >= 0x09 && code <= 0x0d))) {
      this.#writeBlank();
      return;
    }
    const lower = code >= 0x41 && code <= 0x5a && this.#rules.has('case') ? code + 0x20 : code;
    const changed = lower === 0x60 && this.#rules.has('quotes') ? 0x27 : lower;
    this.#output.add(changed, this.#at);
    this.#blank = false;
  }

  #rare(cluster: string): void {
    if (this.#rules.has('blanks')) {
      if (INVISIBLE.has(cluster)) return;
      if (BLANK.test(cluster)) {
        this.#writeBlank();
        return;
      }
    }
    const known = this.#kept.get(cluster);
    if (known !== undefined) {
      this.#write(known);
      return;
    }
    let text = this.#rules.has('quotes') ? (QUOTES[cluster] ?? cluster) : cluster;
    if (this.#rules.has('nfkc')) text = text.normalize('NFKC');
    if (this.#rules.has('case')) text = text.toLowerCase();
    const bytes = new Uint8Array(Buffer.from(text));
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(cluster, bytes);
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    for (const byte of bytes) this.#output.add(byte, this.#at);
    this.#blank = false;
  }

  #writeBlank(): void {
    if (!this.#blank) this.#output.add(0x20, this.#at);
    this.#blank = true;
  }
}

/** A whole text after normalisation. */
export function normaliseText(bytes: Uint8Array, rules: readonly Normalisation[]): NormalisedPiece {
  const normaliser = new Normaliser(rules);
  normaliser.begin();
  return normaliser.push(bytes, true);
}
