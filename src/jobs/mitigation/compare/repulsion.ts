/** Cells that an image is averaged into, each way. */
const CELLS = 8;

/** Turns images away from training images that they resemble. */
export interface Repulsion {
  /**
   * The change that brings each image's similarity to its nearest training image down to the limit; zero for those below it.
   *
   * @param x0 `[n, 3, side, side]`
   */
  correct(x0: Float32Array): Float32Array;
  /** Cosine from which an image is turned away. */
  readonly limit: number;
}

interface Space {
  readonly side: number;
  readonly centre: Float64Array;
  /** `[training, width]`, of length 1. */
  readonly base: readonly Float64Array[];
}

function poolPicture(values: Float32Array, from: number, side: number): Float64Array {
  const cell = side / CELLS;
  const pooled = new Float64Array(3 * CELLS * CELLS);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const to = (c * CELLS + Math.floor(y / cell)) * CELLS + Math.floor(x / cell);
        pooled[to]! += values[from + (c * side + y) * side + x]! / cell ** 2;
      }
  return pooled;
}

function lengthOf(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function less(values: Float64Array, centre: Float64Array): Float64Array {
  return values.map((value, i) => value - centre[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function nearestOf(
  values: Float64Array,
  base: readonly Float64Array[],
  except = -1,
): { place: number; cosine: number } {
  const length = lengthOf(values) || 1;
  let place = -1;
  let cosine = -1;
  for (let j = 0; j < base.length; j++) {
    if (j === except) continue;
    const found = dot(values, base[j]!) / length;
    if (found > cosine) [place, cosine] = [j, found];
  }
  return { place, cosine };
}

/** Similarity that most training images keep from each other; duplicates of one another are the rest. */
function limitOf(base: readonly Float64Array[]): number {
  const own = base.map((values, i) => nearestOf(values, base, i).cosine).sort((a, b) => a - b);
  return own[Math.floor(own.length / 2)] ?? 1;
}

function spread(change: Float64Array, into: Float32Array, to: number, side: number): void {
  const cell = side / CELLS;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        into[to + (c * side + y) * side + x] =
          change[(c * CELLS + Math.floor(y / cell)) * CELLS + Math.floor(x / cell)]!;
}

/**
 * Guidance away from the nearest training image, in closed form: images are averaged into 8 × 8 cells and centred, and of an image whose cosine s to its nearest training image d
 * exceeds the limit, (s − limit)·‖e‖·d is taken away, as steep as the cosine falls. After "AMG" (Chen et al., CVPR 2024), which turns
 * away only where the similarity exceeds a threshold. The limit is the median similarity of training images to each other's nearest.
 *
 * @param pictures `[training, 3, side, side]` in [−1, 1]; `side` is a multiple of 8
 */
export function openRepulsion(pictures: Float32Array, side: number): Repulsion {
  const size = 3 * side * side;
  const pooled = Array.from({ length: pictures.length / size }, (_, i) => poolPicture(pictures, i * size, side));
  const centre = new Float64Array(3 * CELLS * CELLS);
  for (const values of pooled) for (let j = 0; j < centre.length; j++) centre[j]! += values[j]! / pooled.length;
  const base = pooled.map(values => {
    const centred = less(values, centre);
    const length = lengthOf(centred) || 1;
    return centred.map(value => value / length);
  });
  const space: Space = { side, centre, base };
  const limit = limitOf(base);
  return { limit, correct: x0 => correctAll(x0, space, limit) };
}

function correctAll(x0: Float32Array, { side, centre, base }: Space, limit: number): Float32Array {
  const size = 3 * side * side;
  const changes = new Float32Array(x0.length);
  for (let i = 0; i < x0.length / size; i++) {
    const values = less(poolPicture(x0, i * size, side), centre);
    const { place, cosine } = nearestOf(values, base);
    if (place < 0 || cosine <= limit) continue;
    const step = (cosine - limit) * lengthOf(values);
    spread(
      base[place]!.map(value => -step * value),
      changes,
      i * size,
      side,
    );
  }
  return changes;
}
