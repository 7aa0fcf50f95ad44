import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';

/** Bytes at which readers of numbers, lengths and texts break. */
const EDGES = [0, 1, 127, 128, 255] as const;
/** What stands in texts and breaks them: numbers beyond range, names of prototypes, depth, control characters, half a character. */
const WORDS = [
  '-1',
  '1e999',
  '-1e308',
  '9007199254740993',
  '4294967296',
  '0.5',
  'NaN',
  'null',
  'true',
  '""',
  '{}',
  '[]',
  '"__proto__"',
  '"constructor"',
  '"../../../../etc/passwd"',
  '"/"',
  '[[[[[[[[[[[[[[[[',
  '"\\ud800"',
  '\u0000',
  '\ufeff',
  '\n',
  ',',
  '"',
  '<'.repeat(300),
] as const;

/**
 * A damaged copy: bytes changed, cut out, repeated, inserted or the end cut off; of a text also whole values replaced. The same seed gives the
 * same copy.
 */
export function mutate(original: Uint8Array, seed: number, { text }: { readonly text: boolean }): Uint8Array {
  const stream = openStream(foldIn(randomKey(20), seed));
  let bytes: Uint8Array = Uint8Array.from(original);
  const splice = (at: number, removed: number, added: Uint8Array): void => {
    const result = new Uint8Array(bytes.length - Math.min(removed, bytes.length - at) + added.length);
    result.set(bytes.subarray(0, at));
    result.set(added, at);
    result.set(bytes.subarray(at + removed), at + added.length);
    bytes = result;
  };
  const replaceValue = (): void => {
    const written = new TextDecoder('latin1').decode(bytes);
    const values = [...written.matchAll(/"[^"]{0,80}"|-?\d[\d.e+-]{0,30}/g)];
    const value = values[stream.integer(Math.max(1, values.length))];
    if (value === undefined) return;
    splice(value.index, value[0].length, new TextEncoder().encode(WORDS[stream.integer(WORDS.length)]!));
  };
  const changes = 1 + stream.integer(4);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    // Files say what they hold at their beginning or at their end.
    const reach = stream.integer(3) === 0 ? bytes.length : Math.min(bytes.length, 400);
    const offset = stream.integer(reach);
    const at = stream.integer(4) === 0 ? bytes.length - 1 - offset : offset;
    const kind = stream.integer(text ? 12 : 8);
    if (kind < 3) bytes[at] = EDGES[stream.integer(EDGES.length)]!;
    else if (kind < 5) bytes[at] = bytes[at]! ^ (1 << stream.integer(8));
    else if (kind === 5) splice(at, 1 + stream.integer(16), new Uint8Array(0));
    else if (kind === 6) splice(at, 0, bytes.slice(at, at + 1 + stream.integer(64)));
    else if (kind === 7) bytes = stream.integer(4) === 0 ? bytes.subarray(0, at) : bytes;
    else replaceValue();
  }
  return bytes;
}
