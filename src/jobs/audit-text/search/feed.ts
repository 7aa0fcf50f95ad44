import type { Findings, Place } from './findings.ts';
import { Scanner } from './scanner.ts';
import type { TextIndex } from './text-index.ts';

/** Bytes that are looked at together. */
const BLOCK = 2 ** 20;

/** Where each byte of a changed text was before: in bytes, code points and lines from the beginning of its document. */
export interface Origins {
  readonly bytes: Float64Array;
  readonly codePoints: Float64Array;
  readonly lines: Float64Array;
}

/** Where the bytes that are fed come from. */
export interface Source {
  readonly file: number;
  readonly part: number;
  /** Bytes of the file before those that are fed, and the byte before the first that counts: for a part that begins within a document. */
  readonly base?: number;
  readonly skip?: 0 | 1;
  /** Runs that begin from here on are another part's; none by default. */
  readonly until?: number;
}

const LOW_BITS = 0x01010101;

/** Set bits among the lowest of four bytes. */
const countLow = (word: number): number => Math.imul(word & LOW_BITS, LOW_BITS) >>> 24;

/** Code points that begin, and line feeds, among some bytes. */
export function countText(
  { bytes, words }: { readonly bytes: Uint8Array; readonly words: Uint32Array },
  from: number,
  to: number,
): { readonly codePoints: number; readonly lines: number } {
  let continued = 0;
  let lines = 0;
  let at = from;
  const one = (): void => {
    if ((bytes[at]! & 0xc0) === 0x80) continued++;
    if (bytes[at]! === 0x0a) lines++;
    at++;
  };
  while (at < to && (at & 3) !== 0) one();
  for (; at + 4 <= to; at += 4) {
    const word = words[at >>> 2]!;
    continued += countLow((word >>> 7) & ~(word >>> 6));
    const other = word ^ 0x0a0a0a0a;
    lines += countLow(~(((other & 0x7f7f7f7f) + 0x7f7f7f7f) | other | 0x7f7f7f7f) >>> 7);
  }
  while (at < to) one();
  return { codePoints: to - from - continued, lines };
}

/**
 * Takes documents in pieces of any size and scans them, with as many bytes in memory as the longest text has: a run is followed to its end
 * wherever pieces end, and never into another document.
 */
export class Feed {
  readonly #source: Source;
  readonly #scanner: Scanner;
  readonly #overlap: number;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #origins: Origins | null = null;
  readonly #changed: boolean;
  #end = 0;
  #from = 0;
  /** Bytes of the document before the buffer. */
  #base = 0;
  #row = -1;
  #counted = 0;
  #codePoints = 0;
  #lines = 0;

  /** @param changed the pieces come with their origins */
  constructor(
    index: TextIndex,
    findings: Findings,
    { source, changed = false }: { readonly source: Source; readonly changed?: boolean },
  ) {
    this.#source = source;
    this.#changed = changed;
    this.#overlap = index.longest + 8;
    const size = (2 * this.#overlap + BLOCK + 8) & ~3;
    this.#bytes = new Uint8Array(size);
    this.#words = new Uint32Array(this.#bytes.buffer);
    if (changed)
      this.#origins = {
        bytes: new Float64Array(size),
        codePoints: new Float64Array(size),
        lines: new Float64Array(size),
      };
    this.#scanner = new Scanner(index, (key, length, at) => findings.add(key, length, this.#placeOf(at)));
  }

  /** Code points and lines of the document so far, up to where runs were looked for. */
  get counts(): { readonly codePoints: number; readonly lines: number } {
    return { codePoints: this.#codePoints, lines: this.#lines };
  }

  begin(row: number): void {
    const { base = 0, skip = 0 } = this.#source;
    this.#row = row;
    this.#end = 0;
    this.#from = skip;
    this.#base = base;
    this.#counted = skip;
    this.#codePoints = 0;
    this.#lines = 0;
    this.#scanner.begin();
  }

  push(bytes: Uint8Array, origins?: Origins): void {
    const room = this.#bytes.length - 4;
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, room - this.#end);
      this.#bytes.set(bytes.subarray(at, at + taken), this.#end);
      if (this.#origins !== null && origins !== undefined)
        for (const name of ['bytes', 'codePoints', 'lines'] as const)
          this.#origins[name].set(origins[name].subarray(at, at + taken), this.#end);
      this.#end += taken;
      at += taken;
      if (this.#end === room) this.#advance(this.#end - this.#overlap);
    }
  }

  /** The document ends here. */
  end(): void {
    this.#scan(this.#end);
    this.#count(Math.min(this.#end, this.#limit()));
  }

  #limit(): number {
    return (this.#source.until ?? Number.POSITIVE_INFINITY) - this.#base;
  }

  #scan(to: number): void {
    const last = Math.min(to, this.#limit());
    if (last > this.#from)
      this.#scanner.scan(
        { bytes: this.#bytes, words: this.#words, end: this.#end },
        { from: this.#from, to: last, base: this.#base },
      );
  }

  /** Looks at what begins before `to`, and makes room. */
  #advance(to: number): void {
    this.#scan(to);
    // One byte before stays: whether a run began there already is seen from it.
    const drop = to - 1;
    this.#count(Math.min(drop, this.#limit()));
    this.#counted = Math.max(0, this.#counted - drop);
    this.#bytes.copyWithin(0, drop, this.#end);
    if (this.#origins !== null)
      for (const values of Object.values(this.#origins)) values.copyWithin(0, drop, this.#end);
    this.#base += drop;
    this.#end -= drop;
    this.#from = 1;
  }

  #count(to: number): void {
    if (this.#changed || to <= this.#counted) return;
    const { codePoints, lines } = countText({ bytes: this.#bytes, words: this.#words }, this.#counted, to);
    this.#codePoints += codePoints;
    this.#lines += lines;
    this.#counted = to;
  }

  #placeOf(at: number): Place {
    const { file, part } = this.#source;
    if (this.#origins !== null) {
      const { bytes, codePoints, lines } = this.#origins;
      return { file, row: this.#row, byte: bytes[at]!, part, codePoints: codePoints[at]!, lines: lines[at]! };
    }
    this.#count(at);
    const { codePoints, lines } = this.counts;
    return { file, row: this.#row, byte: this.#base + at, part, codePoints, lines };
  }
}
