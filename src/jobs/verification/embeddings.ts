import { BiolensError } from '../../ground/errors.ts';
import { columnMeans, type Matrix, row } from '../../ground/math/index.ts';

/** Comparisons that are held in memory at most, about 25 bytes each. */
export const MOST_COMPARISONS = 20_000_000;

/**
 * The mean embedding of other people, to be subtracted from every embedding before it is compared: what all faces share says nothing of who
 * it is.
 *
 * @param others `[n, d]`
 * @returns `[d]`
 */
export function meanFace(others: Matrix): Float64Array {
  return columnMeans(others);
}

/**
 * Rows of unit length, less a centre where one is given; an audit centres likewise.
 *
 * @param matrix `[n, d]`
 * @param centre `[d]`, such as {@link meanFace} gives
 * @throws BiolensError `input` for a row that is zero or not finite, counted from 0; for a centre of another width
 */
export function unitRows(matrix: Matrix, centre: ArrayLike<number> | null = null): Matrix {
  const { rows, cols } = matrix;
  if (centre !== null && centre.length !== cols)
    throw new BiolensError('input', `the centre has ${centre.length} numbers, the embeddings ${cols}`);
  const data = new Float32Array(rows * cols);
  const line = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    line.set(row(matrix, i));
    if (centre !== null) for (let j = 0; j < cols; j++) line[j]! -= centre[j]!;
    scaleToUnit(line, i);
    data.set(line, i * cols);
  }
  return { rows, cols, data };
}

function scaleToUnit(line: Float64Array, row: number): void {
  // Scaled by the largest first, so that no square overflows or vanishes.
  const largest = line.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(largest) || line.some(Number.isNaN))
    throw new BiolensError('input', `row ${row} holds a number that is not finite`);
  if (largest === 0) throw new BiolensError('input', `row ${row} is all zeros, which is no embedding`);
  let squares = 0;
  for (let j = 0; j < line.length; j++) {
    line[j]! /= largest;
    squares += line[j]! ** 2;
  }
  const length = Math.sqrt(squares);
  for (let j = 0; j < line.length; j++) line[j]! /= length;
}

/** Which two items each comparison is of. */
export interface ItemPairs {
  /** `[n]` */
  readonly reference: Uint32Array;
  /** `[n]` */
  readonly probe: Uint32Array;
}

/**
 * Every two of `n` items, each pair once.
 *
 * @throws BiolensError `input` where that is more than can be held
 */
export function allPairs(n: number): ItemPairs {
  const count = (n * (n - 1)) / 2;
  if (count > MOST_COMPARISONS)
    throw new BiolensError(
      'input',
      `${n} images make ${count} pairs, more than ${MOST_COMPARISONS}; give a list of pairs, or fewer images`,
    );
  const reference = new Uint32Array(count);
  const probe = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++) {
      reference[at] = i;
      probe[at++] = j;
    }
  return { reference, probe };
}

/** Cosine similarity of two rows of unit length. */
export function dotRows(a: Matrix, i: number, b: Matrix, j: number): number {
  const { cols } = a;
  let sum = 0;
  const first = i * cols;
  const second = j * cols;
  for (let k = 0; k < cols; k++) sum += a.data[first + k]! * b.data[second + k]!;
  return sum;
}

/** Cosine similarities of pairs of rows. @param references `[n, d]` of unit length @param probes `[m, d]` of unit length */
export function cosineScores(references: Matrix, probes: Matrix, pairs: ItemPairs): Float64Array {
  return Float64Array.from(pairs.reference, (i, at) => dotRows(references, i, probes, pairs.probe[at]!));
}

/** Items of a set: whose they are, by number. */
export interface Persons {
  /** Names of the people. */
  readonly names: readonly string[];
  /** `[n]`: the person of each item, as its place in `names`. */
  readonly of: Uint32Array;
}

/** Numbers the people of items in the order in which they come. */
export function numberPersons(identities: readonly string[]): Persons {
  const places = new Map<string, number>();
  const of = Uint32Array.from(identities, name => {
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, places.size);
    return places.size - 1;
  });
  return { names: [...places.keys()], of };
}

/** Items of a set joined to templates: the mean of unit vectors, weighted where weights are given, of unit length again. */
export function meanTemplates(
  unit: Matrix,
  groups: readonly (readonly number[])[],
  weights: ArrayLike<number> | null = null,
): Matrix {
  const { cols } = unit;
  const sums = new Float32Array(groups.length * cols);
  groups.forEach((members, g) => {
    if (members.length === 0) throw new BiolensError('usage', `"groups" ${g} expected at least one item, got none`);
    for (const item of members) {
      const weight = weights?.[item] ?? 1;
      if (!(weight >= 0) || !Number.isFinite(weight))
        throw new BiolensError('input', `the weight of item ${item} is ${weight}, expected 0 or more`);
      for (let j = 0; j < cols; j++) sums[g * cols + j]! += weight * unit.data[item * cols + j]!;
    }
  });
  return unitRows({ rows: groups.length, cols, data: sums });
}
