// Compiled by AssemblyScript into dist/kernels/dots.wasm (scripts/kernels.ts). Memory is imported; nothing is allocated here.

/** Rows that stay in the cache while one probe after another is taken. */
const TILE: u32 = 32;

/** The sums of the numbers of four vectors. */
function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return i32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

/** Products of rows with a probe, a sum each. */
function ofOne(row: usize, count: u32, bytes: usize, probe: usize, out: usize): void {
  const end = row + <usize>count * bytes;
  while (row < end) {
    let p = probe;
    const last = row + bytes;
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    while (row < last) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load(row), v128.load(p)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load(row, 16), v128.load(p, 16)));
      row += 32;
      p += 32;
    }
    a = i32x4.add(a, b);
    a = i32x4.add(a, i32x4.shuffle(a, a, 2, 3, 0, 1));
    store<i32>(out, i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1));
    out += 4;
  }
}

/** Products of rows with four probes, which share what is read of a row and are summed up together. */
function ofFour(row: usize, count: u32, bytes: usize, probe: usize, out: usize, stride: usize): void {
  const end = row + <usize>count * bytes;
  const probe1 = probe + bytes;
  const probe2 = probe1 + bytes;
  const probe3 = probe2 + bytes;
  while (row < end) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (let j: usize = 0; j < bytes; j += 16) {
      const r = v128.load(row + j);
      a = i32x4.add(a, i32x4.dot_i16x8_s(r, v128.load(probe + j)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(r, v128.load(probe1 + j)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(r, v128.load(probe2 + j)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(r, v128.load(probe3 + j)));
    }
    const all = sumsOf(a, b, c, d);
    v128.store_lane<i32>(out, all, 0);
    v128.store_lane<i32>(out + stride, all, 1);
    v128.store_lane<i32>(out + 2 * stride, all, 2);
    v128.store_lane<i32>(out + 3 * stride, all, 3);
    row += bytes;
    out += 4;
  }
}

/**
 * Σ_j p_j·g_j for rows of 16-bit numbers. Sums are of 32 bits; the caller sees to it that they do not wrap.
 *
 * @param rows address of the first row
 * @param count rows
 * @param width numbers in a row, a multiple of 16
 * @param probes address of the probes, `width` numbers each
 * @param probeCount probes
 * @param out address of the sums, for each probe `count` of them
 */
export function dots(rows: usize, count: u32, width: u32, probes: usize, probeCount: u32, out: usize): void {
  const bytes: usize = <usize>width << 1;
  const stride: usize = <usize>count << 2;
  for (let first: u32 = 0; first < count; first += TILE) {
    const some = min(TILE, count - first);
    const row = rows + <usize>first * bytes;
    const to = out + ((<usize>first) << 2);
    let k: u32 = 0;
    for (; k + 4 <= probeCount; k += 4)
      ofFour(row, some, bytes, probes + <usize>k * bytes, to + <usize>k * stride, stride);
    for (; k < probeCount; k++) ofOne(row, some, bytes, probes + <usize>k * bytes, to + <usize>k * stride);
  }
}
