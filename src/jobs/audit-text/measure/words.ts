/** Where the words of a text begin and end, in bytes: what stands between blanks. */
export interface Words {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

export function wordsOf(bytes: Uint8Array): Words {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (isBlank(bytes[i]!)) continue;
    if (i === 0 || isBlank(bytes[i - 1]!)) starts.push(i);
    if (i + 1 === bytes.length || isBlank(bytes[i + 1]!)) ends.push(i + 1);
  }
  return { starts: Int32Array.from(starts), ends: Int32Array.from(ends) };
}

/** Index of the first value that is at least `wanted`. */
function firstFrom(values: Int32Array, wanted: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whole words within a stretch of bytes. */
export function countWords({ starts, ends }: Words, start: number, end: number): number {
  return Math.max(0, firstFrom(ends, end + 1) - firstFrom(starts, start));
}

/** Code points of a text before each byte, and at last all of them. */
export function codePointsOf(bytes: Uint8Array): Int32Array {
  const counts = new Int32Array(bytes.length + 1);
  for (let i = 0; i < bytes.length; i++) counts[i + 1] = counts[i]! + ((bytes[i]! & 0xc0) === 0x80 ? 0 : 1);
  return counts;
}

/** Fewest bytes that `characters` code points in a row, or `words` words in a row, take in these texts; null where none has as many. */
export function leastBytes(
  texts: readonly Uint8Array[],
  { characters, words }: { readonly characters: number; readonly words: number },
): number | null {
  let least = Number.POSITIVE_INFINITY;
  for (const bytes of texts) {
    const begins: number[] = [];
    for (let i = 0; i < bytes.length; i++) if ((bytes[i]! & 0xc0) !== 0x80) begins.push(i);
    begins.push(bytes.length);
    for (let i = characters; i < begins.length; i++) least = Math.min(least, begins[i]! - begins[i - characters]!);
    const { starts, ends } = wordsOf(bytes);
    for (let i = words - 1; i < ends.length; i++) least = Math.min(least, ends[i]! - starts[i - words + 1]!);
  }
  return least === Number.POSITIVE_INFINITY ? null : least;
}
