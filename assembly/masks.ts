// Compiled by AssemblyScript into dist/kernels/masks.wasm (scripts/kernels.ts). Works on one part of a vector in the module's own memory; nothing is
// allocated here. All arithmetic is of 32-bit words and wraps, so the results have the same bits as those of src/jobs/federated/secure/packing.ts.

/**
 * Adds whole words of keystreams to entries, and takes those of others off: first `plus` streams, then `minus` others, each `apart` bytes after the
 * last. `count` is a multiple of four; all begin at multiples of 16.
 */
export function addWordStreams(entries: usize, streams: usize, count: u32, apart: usize, plus: u32, minus: u32): void {
  const end = entries + (<usize>count << 2);
  for (; entries < end; entries += 16, streams += 16) {
    let sum = v128.load(entries);
    let at = streams;
    for (let i: u32 = 0; i < plus; i++, at += apart) sum = i32x4.add(sum, v128.load(at));
    for (let i: u32 = 0; i < minus; i++, at += apart) sum = i32x4.sub(sum, v128.load(at));
    v128.store(entries, sum);
  }
}

// @ts-expect-error a decorator of AssemblyScript
@inline
function triples(at: usize): v128 {
  const zero = i32x4.splat(0);
  return i8x16.shuffle(v128.load(at), zero, 0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11, 16);
}

/** The same with three bytes of keystream an entry. Reads four bytes beyond the last ones. */
export function addTripleStreams(entries: usize, streams: usize, count: u32, apart: usize, plus: u32, minus: u32): void {
  const end = entries + (<usize>count << 2);
  for (; entries < end; entries += 16, streams += 12) {
    let sum = v128.load(entries);
    let at = streams;
    for (let i: u32 = 0; i < plus; i++, at += apart) sum = i32x4.add(sum, triples(at));
    for (let i: u32 = 0; i < minus; i++, at += apart) sum = i32x4.sub(sum, triples(at));
    v128.store(entries, sum);
  }
}

/** Adds packed entries of `bits` bits each. Reads eight bytes beyond the last ones. */
export function addPacked(entries: usize, packed: usize, count: u32, bits: u32): void {
  const mask: u64 = ((<u64>1) << bits) - 1;
  let at: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const value = (load<u64>(packed + <usize>(at >> 3)) >> (at & 7)) & mask;
    const to = entries + (<usize>i << 2);
    store<u32>(to, load<u32>(to) + <u32>value);
    at += bits;
  }
}

/** Writes entries one after the other with `bits` bits each, the lowest first, filled up to a whole word. */
export function pack(entries: usize, packed: usize, count: u32, bits: u32): void {
  const mask: u64 = ((<u64>1) << bits) - 1;
  let word: u64 = 0;
  let filled: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    word |= (<u64>load<u32>(entries + (<usize>i << 2)) & mask) << filled;
    filled += bits;
    if (filled >= 32) {
      store<u32>(packed, <u32>word);
      packed += 4;
      word >>= 32;
      filled -= 32;
    }
  }
  if (filled > 0) store<u32>(packed, <u32>word);
}
