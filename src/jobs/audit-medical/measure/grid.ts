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

/** For each cell along an axis the first value that it holds, and the shares of that and the following ones. */
function sharesOf(from: number, to: number): readonly { readonly first: number; readonly shares: readonly number[] }[] {
  return Array.from({ length: to }, (_, cell) => {
    if (from < to) {
      const place = Math.max(0, Math.min(from - 1, ((cell + 0.5) * from) / to - 0.5));
      const first = Math.min(from - 1, Math.floor(place));
      return { first, shares: place === first ? [1] : [1 - (place - first), place - first] };
    }
    const [start, end] = [(cell * from) / to, ((cell + 1) * from) / to];
    const first = Math.floor(start);
    const shares: number[] = [];
    for (let at = first; at < end - 1e-9; at++)
      shares.push((Math.min(end, at + 1) - Math.max(start, at)) / (end - start));
    return { first, shares };
  });
}

/** A block with so many values along an axis: the mean over the width of each where there are more, straight between neighbours where fewer. */
function resample({ size, values }: Block, axis: 0 | 1 | 2, length: number): Block {
  const from = size[axis];
  const step = size.slice(0, axis).reduce((product, n) => product * n, 1);
  const lines = values.length / (from * step);
  const made = new Float64Array(lines * length * step);
  for (const [cell, { first, shares }] of sharesOf(from, length).entries())
    for (let line = 0; line < lines; line++) {
      const to = (line * length + cell) * step;
      for (let t = 0, at = (line * from + first) * step; t < shares.length; t++, at += step) {
        const share = shares[t]!;
        for (let i = 0; i < step; i++) made[to + i]! += share * values[at + i]!;
      }
    }
  return { size: size.map((n, i) => (i === axis ? length : n)) as [number, number, number], values: made };
}

/**
 * A block on a grid: the mean of what falls into each cell, parts of values by their share, so that a mirrored block gives the mirrored grid; straight
 * between values along an axis that has fewer than the grid. Values that are no numbers count as the least.
 */
export function poolBlock(block: Block, grid: readonly [number, number, number]): Float32Array {
  let least = Number.POSITIVE_INFINITY;
  let whole = true;
  for (let i = 0; i < block.values.length; i++)
    if (Number.isFinite(block.values[i]!)) least = Math.min(least, block.values[i]!);
    else whole = false;
  let made: Block = whole
    ? block
    : { ...block, values: Float64Array.from(block.values, value => (Number.isFinite(value) ? value : least)) };
  // The slowest axis first: whole slices are added, and little is left for the others.
  for (const axis of [2, 1, 0] as const) if (made.size[axis] !== grid[axis]) made = resample(made, axis, grid[axis]);
  return Float32Array.from(made.values);
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
