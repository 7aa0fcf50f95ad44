/** An image or a volume as the comparison sees it: a small grid of numbers with the mean taken off, of length 1. */
export interface Grid {
  /** Cells along columns, rows, slices; 1 slice for an image. */
  readonly size: readonly [number, number, number];
  readonly values: Float32Array;
}

/** What is put on a grid: columns, rows, slices, and its values. */
export interface Block {
  readonly size: readonly [number, number, number];
  readonly values: ArrayLike<number>;
}

/** Value that a share of the others stay below. */
function quantileOf(values: Float32Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Threshold between background and body: the one that parts a histogram best (Otsu, IEEE Transactions on Systems, Man and Cybernetics 9, 1979). */
export function bodyThreshold(values: Float32Array): number {
  const low = quantileOf(values, 0.01);
  const high = quantileOf(values, 0.99);
  if (!(high > low)) return low;
  const bins = new Float64Array(128);
  for (const value of values) bins[Math.max(0, Math.min(127, Math.floor(((value - low) / (high - low)) * 128)))]!++;
  let total = 0;
  bins.forEach((n, i) => {
    total += n * i;
  });
  let [best, at, below, sum] = [-1, 0, 0, 0];
  for (let i = 0; i < 127; i++) {
    below += bins[i]!;
    sum += bins[i]! * i;
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sum / below - (total - sum) / above) ** 2;
    if (between > best) [best, at] = [between, i + 1];
  }
  return low + (at / 128) * (high - low);
}

/** The mean of a block's values in each cell of a grid; values that are none count as the least. */
export function poolBlock({ size, values }: Block, grid: readonly [number, number, number]): Float32Array {
  const cells = new Float32Array(grid[0] * grid[1] * grid[2]);
  const counts = new Float32Array(cells.length);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) least = Math.min(least, values[i]!);
  const cellOf = (at: number, axis: 0 | 1 | 2): number =>
    Math.min(grid[axis] - 1, Math.floor((at * grid[axis]) / size[axis]));
  for (let z = 0, i = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++) {
      const row = (cellOf(z, 2) * grid[1] + cellOf(y, 1)) * grid[0];
      for (let x = 0; x < size[0]; x++, i++) {
        const cell = row + cellOf(x, 0);
        const value = values[i]!;
        cells[cell]! += Number.isFinite(value) ? value : least;
        counts[cell]!++;
      }
    }
  // A block smaller than the grid leaves cells without a value: they take the one before.
  for (let i = 0; i < cells.length; i++) cells[i] = counts[i]! > 0 ? cells[i]! / counts[i]! : (cells[i - 1] ?? 0);
  return cells;
}

/** The cells within the body less their mean, 0 outside, of length 1: the inner product of two is Pearson's correlation where the bodies are the same. */
export function normaliseCells(cells: Float32Array): Float32Array {
  const threshold = bodyThreshold(cells);
  const inside = cells.map(value => (value >= threshold ? 1 : 0));
  const n = inside.reduce((sum, one) => sum + one, 0);
  const used = n >= cells.length * 0.02 ? inside : inside.fill(1);
  let [sum, count] = [0, 0];
  for (let i = 0; i < cells.length; i++)
    if (used[i] === 1) {
      sum += cells[i]!;
      count++;
    }
  // Outside of the body everything is as dark as its darkest part, so that its outline counts too.
  const outside = Math.min(threshold, sum / count);
  const filled = cells.map((value, i) => (used[i] === 1 ? value : outside));
  const mean = filled.reduce((all, value) => all + value, 0) / filled.length;
  let squares = 0;
  for (let i = 0; i < filled.length; i++) {
    filled[i] = filled[i]! - mean;
    squares += filled[i]! ** 2;
  }
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  return filled.map(value => value * scale);
}
