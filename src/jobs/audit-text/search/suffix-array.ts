/** Symbols of a text as whole numbers from 0. */
type Symbols = Uint16Array | Int32Array;

/** Arrays as long as the text that the work is done in. */
export interface WorkingMemory {
  readonly order: Int32Array;
  readonly first: Int32Array;
  readonly second: Int32Array;
}

/** First place of each symbol's bucket, and one past its last. */
function bucketsOf(text: Symbols, alphabet: number): { readonly starts: Int32Array; readonly ends: Int32Array } {
  const ends = new Int32Array(alphabet);
  for (let i = 0; i < text.length; i++) ends[text[i]!]!++;
  for (let c = 1; c < alphabet; c++) ends[c]! += ends[c - 1]!;
  const starts = new Int32Array(alphabet);
  starts.set(ends.subarray(0, alphabet - 1), 1);
  return { starts, ends };
}

/** Whether the two pieces between one leftmost S position and the next are equal, symbols and lengths. */
function samePiece(text: Symbols, a: number, b: number, endOf: Int32Array): boolean {
  const length = endOf[a]! - a;
  if (endOf[b]! - b !== length || endOf[a] === text.length || endOf[b] === text.length) return false;
  for (let i = 0; i <= length; i++) if (text[a + i] !== text[b + i]) return false;
  return true;
}

/**
 * The suffixes of a text in the order of a dictionary, the shorter first where one begins another. Induced sorting: time and memory
 * grow with the length alone, whatever the text repeats (Nong, Zhang and Chan, "Two Efficient Algorithms for Linear Time Suffix Array
 * Construction", IEEE Transactions on Computers 60, 2011).
 *
 * @param text symbols below `alphabet`
 * @param memory `[n]` arrays to work in, the first for the result; otherwise they are made
 * @returns `[n]` positions where the suffixes begin
 */
export function suffixArray(text: Symbols, alphabet: number, memory?: WorkingMemory): Int32Array {
  const n = text.length;
  const { order, first, second } = memory ?? {
    order: new Int32Array(n),
    first: new Int32Array(n),
    second: new Int32Array(n),
  };
  order.fill(0);
  if (n < 2) return order;
  // A suffix is of type S where it sorts before the one after it; the last sorts after the empty one.
  const isS = new Uint8Array(n);
  let count = 0;
  for (let i = n - 2; i >= 0; i--) {
    const [here, next] = [text[i]!, text[i + 1]!];
    isS[i] = here < next || (here === next && isS[i + 1] === 1) ? 1 : 0;
    if (isS[i] === 0 && isS[i + 1] === 1) count++;
  }
  const { starts, ends } = bucketsOf(text, alphabet);
  /** Places the leftmost S positions in the given order, and from them all others. */
  const induce = (leftmost: Int32Array): void => {
    order.fill(-1);
    const tails = ends.slice();
    for (let k = leftmost.length - 1; k >= 0; k--) order[--tails[text[leftmost[k]!]!]!] = leftmost[k]!;
    const heads = starts.slice();
    order[heads[text[n - 1]!]!++] = n - 1;
    for (let i = 0; i < n; i++) {
      const before = order[i]! - 1;
      if (before >= 0 && isS[before] === 0) order[heads[text[before]!]!++] = before;
    }
    tails.set(ends);
    for (let i = n - 1; i >= 0; i--) {
      const before = order[i]! - 1;
      if (before >= 0 && isS[before] === 1) order[--tails[text[before]!]!] = before;
    }
  };
  const leftmost = second.subarray(0, count);
  for (let i = 1, k = 0; i < n; i++) if (isS[i] === 1 && isS[i - 1] === 0) leftmost[k++] = i;
  induce(leftmost);
  if (count < 2) return order;
  induce(sortPieces(text, { order, isS, leftmost, endOf: first, names: second.subarray(count) }));
  return order;
}

/** The leftmost S positions in the order of their suffixes, from one in which their pieces are sorted. */
function sortPieces(
  text: Symbols,
  {
    order,
    isS,
    leftmost,
    endOf,
    names,
  }: {
    readonly order: Int32Array;
    readonly isS: Uint8Array;
    readonly leftmost: Int32Array;
    /** `[n]` and, beside the leftmost ones, half as much: memory to work in. */
    readonly endOf: Int32Array;
    readonly names: Int32Array;
  },
): Int32Array {
  const n = text.length;
  for (let k = 0; k < leftmost.length; k++) endOf[leftmost[k]!] = leftmost[k + 1] ?? n;
  // Names stand at half the position: two leftmost S positions are never neighbours.
  let name = -1;
  let last = -1;
  for (let i = 0; i < n; i++) {
    const at = order[i]!;
    if (at === 0 || isS[at] === 0 || isS[at - 1] === 1) continue;
    if (last < 0 || !samePiece(text, last, at, endOf)) name++;
    names[at >> 1] = name;
    last = at;
  }
  const reduced = leftmost.map(at => names[at >> 1]!);
  const sorted = suffixArray(reduced, name + 1);
  return sorted.map(rank => leftmost[rank]!);
}
