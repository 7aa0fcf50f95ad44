import type { KeyStream } from './key-stream.ts';

/**
 * `count` random rows of `width` numbers, orthonormal in blocks of at most `width`: each block is the Gram-Schmidt basis of Gaussian vectors,
 * and blocks are independent.
 *
 * @returns `[count, width]` row-major
 */
export function orthonormalRows(stream: KeyStream, count: number, width: number): Float64Array {
  const rows = stream.normals(count * width);
  for (let i = 0; i < count; i++) {
    const own = rows.subarray(i * width, (i + 1) * width);
    const first = i - (i % width);
    for (let k = first; k < i; k++) {
      const before = k * width;
      let dot = 0;
      for (let j = 0; j < width; j++) dot += own[j]! * rows[before + j]!;
      for (let j = 0; j < width; j++) own[j]! -= dot * rows[before + j]!;
    }
    let squares = 0;
    for (let j = 0; j < width; j++) squares += own[j]! * own[j]!;
    const scale = 1 / Math.sqrt(squares);
    for (let j = 0; j < width; j++) own[j]! *= scale;
  }
  return rows;
}
