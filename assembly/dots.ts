// Compiled by AssemblyScript into dist/kernels/dots.wasm (scripts/kernels.ts). Memory is imported; nothing is allocated here.

/** Rows that stay in the cache while one probe after another is taken. */
const TILE: u32 = 32;

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
  const rowBytes: usize = <usize>width << 1;
  for (let first: u32 = 0; first < count; first += TILE) {
    const end = min(first + TILE, count);
    for (let k: u32 = 0; k < probeCount; k++) {
      const probe = probes + <usize>k * rowBytes;
      const to = out + ((<usize>k * <usize>count) << 2);
      for (let i = first; i < end; i++) {
        let at = rows + <usize>i * rowBytes;
        let p = probe;
        const last = at + rowBytes;
        let a = i32x4.splat(0);
        let b = i32x4.splat(0);
        while (at < last) {
          a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load(at), v128.load(p)));
          b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load(at, 16), v128.load(p, 16)));
          at += 32;
          p += 32;
        }
        a = i32x4.add(a, b);
        const sum =
          i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3);
        store<i32>(to + (<usize>i << 2), sum);
      }
    }
  }
}
