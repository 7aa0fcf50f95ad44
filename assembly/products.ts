// Compiled by AssemblyScript into dist/kernels/products.wasm (scripts/kernels.ts). Memory is imported, so that workers can share it; nothing
// is allocated here. All arithmetic is of 32-bit words and wraps, so the results have the same bits as `Math.imul` and `| 0`.

/** Bytes of one dimension of a tile: 32 templates of 4 bytes. */
const LINE: usize = 128;

/**
 * Σ_j p_j·c_j for tiles of 32 templates. A tile holds its dimensions one after another, and each dimension its 32 templates; probes are taken one
 * after the other while a tile is in the cache.
 *
 * @param tiles address of the first tile
 * @param count tiles
 * @param dimension dimensions
 * @param probes address of the probes, `dimension` words each
 * @param probeCount probes
 * @param out address of the sums, for each probe `stride` bytes after those of the one before
 */
export function products(
  tiles: usize,
  count: u32,
  dimension: u32,
  probes: usize,
  probeCount: u32,
  out: usize,
  stride: usize,
): void {
  const tileBytes: usize = <usize>dimension * LINE;
  for (let t: u32 = 0; t < count; t++) {
    for (let k: u32 = 0; k < probeCount; k++) {
      let at = tiles;
      let p = probes + <usize>k * (<usize>dimension << 2);
      let s0 = i32x4.splat(0);
      let s1 = i32x4.splat(0);
      let s2 = i32x4.splat(0);
      let s3 = i32x4.splat(0);
      let s4 = i32x4.splat(0);
      let s5 = i32x4.splat(0);
      let s6 = i32x4.splat(0);
      let s7 = i32x4.splat(0);
      for (let j: u32 = 0; j < dimension; j++) {
        const f = v128.load32_splat(p);
        s0 = i32x4.add(s0, i32x4.mul(v128.load(at), f));
        s1 = i32x4.add(s1, i32x4.mul(v128.load(at, 16), f));
        s2 = i32x4.add(s2, i32x4.mul(v128.load(at, 32), f));
        s3 = i32x4.add(s3, i32x4.mul(v128.load(at, 48), f));
        s4 = i32x4.add(s4, i32x4.mul(v128.load(at, 64), f));
        s5 = i32x4.add(s5, i32x4.mul(v128.load(at, 80), f));
        s6 = i32x4.add(s6, i32x4.mul(v128.load(at, 96), f));
        s7 = i32x4.add(s7, i32x4.mul(v128.load(at, 112), f));
        at += LINE;
        p += 4;
      }
      const to = out + <usize>k * stride + <usize>t * LINE;
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
      v128.store(to, s4, 64);
      v128.store(to, s5, 80);
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
    }
    tiles += tileBytes;
  }
}
