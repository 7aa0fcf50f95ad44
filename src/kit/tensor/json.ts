import { BiolensError } from '../../ground/errors.ts';

export interface JsonOptions {
  /** What messages call the text. */
  readonly file: string;
  /** Most values that it may hold, containers included. Default 1,000,000. */
  readonly mostValues?: number;
}

const MOST_DEPTH = 64;
const MOST_VALUES = 1_000_000;
/** Python's `json.dump` writes floats that are no numbers as these words. */
const LITERALS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const ENDS = new Set([' ', '\t', '\n', '\r', ',', ':', ']', '}', '[', '{', '"', '']);
const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MOST_NUMBER_LENGTH = 64;

/** Reads one text; the position is where it stands. */
class JsonReader {
  readonly #text: string;
  readonly #file: string;
  #left: number;
  #at = 0;

  constructor(text: string, { file, mostValues = MOST_VALUES }: JsonOptions) {
    this.#text = text;
    this.#file = file;
    this.#left = mostValues;
  }

  #refuse(reason: string): BiolensError {
    return new BiolensError('input', `${this.#file}: not JSON (${reason})`, { details: { file: this.#file } });
  }

  #unexpected(): BiolensError {
    const found = this.#text[this.#at];
    return this.#refuse(
      found === undefined ? 'it ends too early' : `unexpected ${JSON.stringify(found)} at character ${this.#at}`,
    );
  }

  #next(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text[this.#at] ?? '';
  }

  #take(character: string): void {
    if (this.#next() !== character) throw this.#unexpected();
    this.#at++;
  }

  read(): unknown {
    const value = this.#value(0);
    if (this.#next() !== '') throw this.#unexpected();
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MOST_DEPTH) throw this.#refuse(`nested deeper than ${MOST_DEPTH}`);
    if (this.#left-- <= 0) throw this.#refuse('too many values');
    const first = this.#next();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    return this.#word();
  }

  #object(depth: number): Record<string, unknown> {
    this.#take('{');
    const entries = new Map<string, unknown>();
    while (this.#next() !== '}') {
      if (entries.size > 0) this.#take(',');
      if (this.#next() !== '"') throw this.#unexpected();
      const key = this.#string();
      if (entries.has(key)) throw this.#refuse(`the key ${JSON.stringify(key.slice(0, 100))} is there twice`);
      this.#take(':');
      entries.set(key, this.#value(depth + 1));
    }
    this.#at++;
    // fromEntries makes own properties, whatever the keys are called.
    return Object.fromEntries(entries);
  }

  #array(depth: number): unknown[] {
    this.#take('[');
    const values: unknown[] = [];
    while (this.#next() !== ']') {
      if (values.length > 0) this.#take(',');
      values.push(this.#value(depth + 1));
    }
    this.#at++;
    return values;
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    let plain = true;
    for (
      let code = this.#text.charCodeAt(at);
      code !== 34 && at < this.#text.length;
      code = this.#text.charCodeAt(at)
    ) {
      if (code === 92 || code < 32) plain = false;
      at += code === 92 ? 2 : 1;
    }
    this.#at = at + 1;
    if (at >= this.#text.length) throw this.#refuse('a string does not end');
    if (plain) return this.#text.slice(start + 1, at);
    try {
      return JSON.parse(this.#text.slice(start, at + 1)) as string;
    } catch {
      throw this.#refuse(`a malformed string at character ${start}`);
    }
  }

  #word(): unknown {
    const start = this.#at;
    let at = start;
    while (!ENDS.has(this.#text[at] ?? '') && at - start <= MOST_NUMBER_LENGTH) at++;
    const word = this.#text.slice(start, at);
    if (Object.hasOwn(LITERALS, word)) {
      this.#at = at;
      return LITERALS[word];
    }
    if (!NUMBER.test(word)) throw this.#unexpected();
    this.#at = at;
    return Number(word);
  }
}

/**
 * Parses JSON as Python writes it: with NaN, Infinity and -Infinity. Stricter than `JSON.parse` otherwise: a key that is there twice, deep nesting and
 * more values than expected are refused.
 *
 * @throws {BiolensError} `input` naming the file.
 */
export function parseJson(text: string, options: JsonOptions): unknown {
  return new JsonReader(text.startsWith('\uFEFF') ? text.slice(1) : text, options).read();
}
