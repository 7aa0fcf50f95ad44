import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/matrix.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { BestLists } from './neighbours/best-lists.ts';
import { eachGroupMaxima } from './neighbours/group-maxima.ts';
import { type NeighbourMetric, prepare, scorer } from './neighbours/metric.ts';
import { visitGroupRows } from './neighbours/visit-group-rows.ts';
import type { Runtime } from './runtime.ts';

export type { NeighbourMetric } from './neighbours/metric.ts';

export interface NeighbourOptions {
  /** `[n, d]`, in memory or read by rows. */
  readonly base: Matrix | MatrixSource;
  /** Neighbours of each query. */
  readonly k: number;
  readonly metric: NeighbourMetric;
  /** Row i of the base is not a neighbour of query i: for a set searched in itself. Default false. */
  readonly excludeSelf?: boolean;
  /** Rows of the base that go through the engine at a time; the result is the same for any number. Default 512 to 2,048. */
  readonly blockRows?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after every block with the rows done of all that the search goes through. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The k nearest rows of every query, nearest first. */
export interface Neighbours {
  readonly k: number;
  /** `[queries, k]` rows of the base. */
  readonly indices: Int32Array;
  /** `[queries, k]` similarities, or distances (not squared) for `euclidean`. */
  readonly scores: Float32Array;
}

/** Queries that one graph holds. */
const GRAPH_QUERIES = 16_384;
const MAX_BLOCK_ROWS = 2048;
const MIN_BLOCK_ROWS = 512;
const MAX_GROUP_ROWS = 64;

/**
 * Finds exact nearest neighbours by blocked matrix products on the engine.
 *
 * The engine multiplies a block of the base with all queries and returns, for each query, only the largest product of every group of
 * rows. The k nearest rows lie within the k groups with the largest maxima, so only those groups are scored again, row by row
 * in double precision. Memory holds a block, and k groups a query, whatever the size of the base. Equal scores come in order of
 * the base's rows. Which groups are scored again rests on products in single precision: of two rows whose scores differ by less
 * than its rounding, either may come first.
 *
 * @param queries `[m, d]`, finite numbers
 * @throws {BiolensError} `usage` when widths differ or `k` is more than the base has; `interrupted`.
 * @example
 * const { indices, scores } = await nearestNeighbours(runtime, generated, { base: training, k: 1, metric: 'cosine' });
 */
export async function nearestNeighbours(
  runtime: Runtime,
  queries: Matrix,
  options: NeighbourOptions,
): Promise<Neighbours> {
  const { k, metric, excludeSelf = false, signal, onProgress } = options;
  const base = 'data' in options.base ? sourceOf(options.base) : options.base;
  if (queries.cols !== base.cols)
    throw new BiolensError('usage', `queries are ${queries.cols} wide, the base is ${base.cols}`);
  const available = base.rows - (excludeSelf ? 1 : 0);
  if (!(Number.isInteger(k) && k >= 1 && k <= available))
    throw new BiolensError('usage', `"k" expected 1 to ${available} neighbours, got ${k}`);
  if (options.blockRows !== undefined && !(Number.isInteger(options.blockRows) && options.blockRows >= 1))
    throw new BiolensError('usage', `"blockRows" expected a whole number from 1, got ${options.blockRows}`);

  const indices = new Int32Array(queries.rows * k);
  const scores = new Float32Array(queries.rows * k);
  const total = Math.ceil(queries.rows / GRAPH_QUERIES) * base.rows;
  for (let start = 0, before = 0; start < queries.rows; start += GRAPH_QUERIES, before += base.rows) {
    const found = await searchPart(runtime, partOf(queries, start), {
      ...options,
      base,
      excludeSelf,
      start,
      onRows: rows => onProgress?.(before + rows, total),
    });
    for (let query = 0; query < found.queries; query++) {
      throwIfAborted(signal);
      found.lists.sorted(query).forEach(({ value, id }, rank) => {
        indices[(start + query) * k + rank] = id;
        scores[(start + query) * k + rank] = metric === 'euclidean' ? -value : value;
      });
    }
  }
  return { k, indices, scores };
}

function partOf({ rows, cols, data }: Matrix, start: number): Matrix {
  const end = Math.min(start + GRAPH_QUERIES, rows);
  return { rows: end - start, cols, data: data.subarray(start * cols, end * cols) };
}

interface PartSearch extends Omit<NeighbourOptions, 'base' | 'excludeSelf'> {
  readonly base: MatrixSource;
  readonly excludeSelf: boolean;
  /** Base row that the first query is, where queries are the base's own rows. */
  readonly start: number;
  readonly onRows: (rows: number) => void;
}

async function searchPart(
  runtime: Runtime,
  queries: Matrix,
  { base, k, metric, excludeSelf, blockRows: wantedRows, start, signal, onRows }: PartSearch,
): Promise<{ queries: number; lists: BestLists }> {
  const groupRows = chooseGroupRows(base, k);
  const blockRows = Math.ceil((wantedRows ?? chooseBlockRows(groupRows)) / groupRows) * groupRows;
  // The group of the query itself may take a place without holding a neighbour.
  const groups = new BestLists(queries.rows, k + (excludeSelf ? 1 : 0));
  const preparation = prepare(queries, metric);
  for await (const tile of eachGroupMaxima(runtime, queries, { base, preparation, groupRows, blockRows, signal })) {
    for (let row = 0; row < tile.queries; row++) {
      const query = tile.firstQuery + row;
      let worst = groups.worst(query);
      for (let group = 0, at = row * tile.stride; group < tile.groups; group++, at++) {
        const value = tile.maxima[at]!;
        if (!(value > worst)) continue;
        groups.offer(query, value, tile.firstGroup + group);
        worst = groups.worst(query);
      }
    }
    if (tile.firstQuery === 0) onRows(Math.min((tile.firstGroup + tile.groups) * groupRows, base.rows));
  }
  const lists = new BestLists(queries.rows, k);
  const score = scorer(queries, metric);
  await visitGroupRows(groups.byId(), {
    base,
    groupRows,
    signal,
    visit: (query, index, rows, row) => {
      if (!excludeSelf || index !== start + query) lists.offer(query, score(query, rows, row), index);
    },
  });
  return { queries: queries.rows, lists };
}

/**
 * Large groups make few maxima to look through, small groups few rows to score again; `n / rows + width · k · rows` is least here. The
 * factor is what one more column of a row costs as against one more maximum, measured.
 */
function chooseGroupRows(base: MatrixSource, k: number): number {
  const best = Math.sqrt(base.rows / (1.1 * base.cols * k));
  return Math.min(MAX_GROUP_ROWS, 2 ** Math.max(0, Math.round(Math.log2(best))));
}

/** Small groups return much: fewer rows at a time then. */
function chooseBlockRows(groupRows: number): number {
  return Math.max(MIN_BLOCK_ROWS, Math.min(MAX_BLOCK_ROWS, groupRows * 128));
}
