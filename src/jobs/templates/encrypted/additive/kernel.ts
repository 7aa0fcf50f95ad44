import { TILE } from './parameters.ts';

/** Computes Σ_j p_j·c_j, modulo 2³², over tiles of 32 templates. */
export interface AdditiveKernel {
  readonly name: 'wasm' | 'plain';
  /** Words of the gallery: tile after tile, in each the dimensions, in each 32 templates. */
  readonly words: Int32Array;
  /**
   * @param probes `dimension` whole numbers each, one after another
   * @returns for each probe a sum for each template of the tiles `first` … `first + count − 1`; valid until the next call
   */
  products(
    probes: Int32Array,
    options: { readonly dimension: number; readonly first: number; readonly count: number },
  ): Int32Array;
}

/** The kernel in plain JavaScript: `Math.imul` multiplies modulo 2³², so its bits are those of the other one. */
export function plainKernel(words: Int32Array): AdditiveKernel {
  return {
    name: 'plain',
    words,
    products(probes, { dimension, first, count }) {
      const probeCount = probes.length / dimension;
      const out = new Int32Array(probeCount * count * TILE);
      for (let t = 0; t < count; t++) {
        const tile = (first + t) * dimension * TILE;
        for (let k = 0; k < probeCount; k++)
          for (let j = 0; j < dimension; j++) {
            const factor = probes[k * dimension + j]!;
            const at = tile + j * TILE;
            const to = (k * count + t) * TILE;
            for (let i = 0; i < TILE; i++) out[to + i] = out[to + i]! + Math.imul(words[at + i]!, factor);
          }
      }
      return out;
    },
  };
}
