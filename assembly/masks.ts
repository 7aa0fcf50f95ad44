// Compiled by AssemblyScript into dist/kernels/masks.wasm (scripts/kernels.ts). Works on one part of a vector in the module's own memory; nothing is
// allocated here. All arithmetic is of 32-bit words and wraps, so the results have the same bits as those of src/jobs/federated/secure/packing.ts.

/** Adds whole words of a keystream to entries, or takes them off. `count` is a multiple of four; both begin at multiples of 16. */
export function addWords(entries: usize, stream: usize, count: u32, sign: i32): void {
  const end = entries + (<usize>count << 2);
  if (sign > 0)
    for (; entries < end; entries += 16, stream += 16)
      v128.store(entries, i32x4.add(v128.load(entries), v128.load(stream)));
  else
    for (; entries < end; entries += 16, stream += 16)
      v128.store(entries, i32x4.sub(v128.load(entries), v128.load(stream)));
}

/** The same with three bytes of keystream an entry. Reads four bytes beyond the last ones. */
export function addTriples(entries: usize, stream: usize, count: u32, sign: i32): void {
  const end = entries + (<usize>count << 2);
  const zero = i32x4.splat(0);
  for (; entries < end; entries += 16, stream += 12) {
    const words = i8x16.shuffle(v128.load(stream), zero, 0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11, 16);
    const old = v128.load(entries);
    v128.store(entries, sign > 0 ? i32x4.add(old, words) : i32x4.sub(old, words));
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
