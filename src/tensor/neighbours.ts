import { BiolensError, throwIfAborted } from '../errors.ts';
import type { Matrix } from '../math/matrix.ts';
import { Graph, type Value } from './graph.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { matmul } from './ops/linear.ts';
import { reduceMax } from './ops/reduction.ts';
import { reshape, transpose } from './ops/structure.ts';
import type { Runtime } from './runtime.ts';
import { float32 } from './types.ts';

/** What rows are compared by; larger is nearer but for `euclidean`, where smaller is. */
export type NeighbourMetric = 'cosine' | 'inner' | 'euclidean';

export interface NeighbourOptions {
  /** Neighbours of each query. */
  readonly k: number;
  readonly metric: NeighbourMetric;
  /** Row i of the base is not a neighbour of query i: for a set searched in itself. */
  readonly excludeSelf?: boolean;
  readonly signal?: AbortSignal | undefined;
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

/** Rows of the base that go through the engine at a time. */
const BLOCK_ROWS = 2048;
/** Queries whose products with a block are in memory at a time, within the engine. */
const TILE_QUERIES = 512;
/** Rows of the base that share one maximum; a divisor of BLOCK_ROWS. */
const GROUP_ROWS = 64;
/** Queries that one compiled graph holds. */
const GRAPH_QUERIES = 16_384;

/**
 * Finds exact nearest neighbours by blocked matrix products on the engine.
 *
 * The engine multiplies a block of the base with all queries and returns, for each query, only the largest product of every
 * group of 64 rows; the k nearest rows lie within the k groups with the largest maxima (ties: the lower rows), so only those
 * are looked at again, in double precision. Memory holds one block and `queries × k` groups, whatever the size of the base.
 * Equal scores come in order of the base's rows. Which groups are looked at rests on single-precision products: of two rows that differ
 * by less than their rounding either may come first.
 *
 * @param queries `[m, d]`
 * @param base `[n, d]`, in memory or read by rows
 * @throws {BiolensError} `usage` when widths differ or `k` is more than the base has; `interrupted`.
 */
export async function nearestNeighbours(
  runtime: Runtime,
  queries: Matrix,
  options: NeighbourOptions & { readonly base: Matrix | MatrixSource },
): Promise<Neighbours> {
  const { k, metric, excludeSelf = false, signal, onProgress } = options;
  const base = 'data' in options.base ? sourceOf(options.base) : options.base;
  if (queries.cols !== base.cols)
    throw new BiolensError('usage', `queries are ${queries.cols} wide, the base is ${base.cols}`);
  const available = base.rows - (excludeSelf ? 1 : 0);
  if (!(Number.isInteger(k) && k >= 1 && k <= available))
    throw new BiolensError('usage', `"k" expected 1 to ${available} neighbours, got ${k}`);

  const indices = new Int32Array(queries.rows * k);
  const scores = new Float32Array(queries.rows * k);
  const parts = Math.ceil(queries.rows / GRAPH_QUERIES);
  for (let part = 0; part < parts; part++) {
    const start = part * GRAPH_QUERIES;
    const rows = Math.min(GRAPH_QUERIES, queries.rows - start);
    const some: Matrix = {
      rows,
      cols: queries.cols,
      data: queries.data.subarray(start * queries.cols, (start + rows) * queries.cols),
    };
    const groups = await nearestGroups(runtime, some, {
      base,
      metric,
      // The group of a query itself may take a place without holding a neighbour.
      count: k + (excludeSelf ? 1 : 0),
      signal,
      onDone: done => onProgress?.(part * base.rows + done, parts * base.rows),
    });
    await resolveGroups(some, groups, {
      base,
      metric,
      k,
      self: excludeSelf ? start : -1,
      signal,
      indices,
      scores,
      at: start,
    });
  }
  return { k, indices, scores };
}

/** Row-wise preparation after which a larger inner product is a nearer row, for each metric. */
function prepareRows(data: Float32Array, cols: number, role: 'query' | 'base', metric: NeighbourMetric): Float32Array {
  if (metric === 'inner') return data.slice();
  const rows = data.length / cols;
  const width = widthOf(cols, metric);
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    let squares = 0;
    for (let j = 0; j < cols; j++) squares += data[i * cols + j]! ** 2;
    // ‖q − b‖² = ‖q‖² − 2(q·b − ‖b‖²/2): the nearest row has the largest q·b − ‖b‖²/2, one column more.
    const scale = metric === 'cosine' ? 1 / (Math.sqrt(squares) || 1) : 1;
    for (let j = 0; j < cols; j++) out[i * width + j] = data[i * cols + j]! * scale;
    if (metric === 'euclidean') out[i * width + cols] = role === 'query' ? 1 : -squares / 2;
  }
  return out;
}

function widthOf(cols: number, metric: NeighbourMetric): number {
  return metric === 'euclidean' ? cols + 1 : cols;
}

/** Block `[BLOCK_ROWS, d]` → for each tile of queries the group maxima `[tile, groups]`. */
function groupMaximaGraph(queries: Float32Array, width: number): Graph {
  const graph = new Graph();
  const columns = transpose(graph.input('block', [BLOCK_ROWS, width]), [1, 0]);
  const rows = queries.length / width;
  for (let start = 0; start < rows; start += TILE_QUERIES) {
    const tile = Math.min(TILE_QUERIES, rows - start);
    const weights = graph.constant(queries.slice(start * width, (start + tile) * width), [tile, width]);
    const products: Value = matmul(weights, columns);
    graph.output(
      `maxima${start}`,
      reduceMax(reshape(products, [tile, BLOCK_ROWS / GROUP_ROWS, GROUP_ROWS]), { axes: [2] }),
    );
  }
  return graph;
}

/** The best groups of each query, best first: `ids[query · count + rank]`, −1 where there are fewer. */
interface BestGroups {
  readonly count: number;
  readonly ids: Int32Array;
}

interface GroupSearch {
  readonly base: MatrixSource;
  readonly metric: NeighbourMetric;
  readonly count: number;
  readonly signal: AbortSignal | undefined;
  readonly onDone: (rows: number) => void;
}

async function nearestGroups(
  runtime: Runtime,
  queries: Matrix,
  { base, metric, count, signal, onDone }: GroupSearch,
): Promise<BestGroups> {
  const width = widthOf(queries.cols, metric);
  const session = await runtime.load(
    groupMaximaGraph(prepareRows(queries.data, queries.cols, 'query', metric), width).build(),
  );
  const ids = new Int32Array(queries.rows * count).fill(-1);
  const maxima = new Float32Array(queries.rows * count).fill(-Infinity);
  const blocks = Math.ceil(base.rows / BLOCK_ROWS);
  const groupsPerBlock = BLOCK_ROWS / GROUP_ROWS;

  const startBlock = async (block: number) => {
    const start = block * BLOCK_ROWS;
    const rows = Math.min(BLOCK_ROWS, base.rows - start);
    const prepared = prepareRows(await base.read(start, rows), base.cols, 'base', metric);
    let data = prepared;
    if (rows < BLOCK_ROWS) {
      // The last block is filled up with its last row, which can only raise the maximum of that row's own group to itself.
      data = new Float32Array(BLOCK_ROWS * width);
      for (let row = 0; row < BLOCK_ROWS; row++)
        data.set(prepared.subarray(Math.min(row, rows - 1) * width, Math.min(row + 1, rows) * width), row * width);
    }
    return session.run({ block: float32(data, [BLOCK_ROWS, width]) }, { transfer: true, signal });
  };

  let next = startBlock(0);
  try {
    for (let block = 0; block < blocks; block++) {
      const current = next;
      const found = await current;
      // The engine works on the next block while this one's maxima are sorted in.
      if (block + 1 < blocks) next = startBlock(block + 1);
      const groups = Math.ceil(Math.min(BLOCK_ROWS, base.rows - block * BLOCK_ROWS) / GROUP_ROWS);
      for (let start = 0; start < queries.rows; start += TILE_QUERIES) {
        const tile = found[`maxima${start}`]?.data;
        if (!(tile instanceof Float32Array)) throw new BiolensError('external', 'the engine returned no maxima');
        keepBest(tile, {
          groups,
          groupsPerBlock,
          firstGroup: block * groupsPerBlock,
          firstQuery: start,
          count,
          ids,
          maxima,
        });
      }
      onDone(Math.min((block + 1) * BLOCK_ROWS, base.rows));
      throwIfAborted(signal);
    }
  } finally {
    await Promise.allSettled([next]);
    await session.close();
  }
  return { count, ids };
}

interface KeepBest {
  readonly groups: number;
  readonly groupsPerBlock: number;
  readonly firstGroup: number;
  readonly firstQuery: number;
  readonly count: number;
  readonly ids: Int32Array;
  readonly maxima: Float32Array;
}

/** Sorts the maxima of a tile into the best so far; an equal maximum stays behind an earlier one. */
function keepBest(
  tile: Float32Array,
  { groups, groupsPerBlock, firstGroup, firstQuery, count, ids, maxima }: KeepBest,
): void {
  const queries = tile.length / groupsPerBlock;
  for (let query = 0; query < queries; query++) {
    const top = (firstQuery + query) * count;
    const last = top + count - 1;
    let worst = maxima[last]!;
    for (let group = 0; group < groups; group++) {
      const value = tile[query * groupsPerBlock + group]!;
      if (value <= worst) continue;
      let at = last;
      while (at > top && maxima[at - 1]! < value) {
        maxima[at] = maxima[at - 1]!;
        ids[at] = ids[at - 1]!;
        at--;
      }
      maxima[at] = value;
      ids[at] = firstGroup + group;
      worst = maxima[last]!;
    }
  }
}

interface Resolve {
  readonly base: MatrixSource;
  readonly metric: NeighbourMetric;
  readonly k: number;
  /** Base row of the first query, which is skipped for it, and so on; −1 when none is. */
  readonly self: number;
  readonly signal: AbortSignal | undefined;
  readonly indices: Int32Array;
  readonly scores: Float32Array;
  /** Row of `indices` where the first query goes. */
  readonly at: number;
}

/** Scores the rows of each query's groups in double precision; groups in ascending order, so that every row is read once. */
async function resolveGroups(
  queries: Matrix,
  { count, ids }: BestGroups,
  { base, metric, k, self, signal, indices, scores, at }: Resolve,
): Promise<void> {
  const wanted = Array.from({ length: queries.rows * count }, (_, i) => i).filter(i => ids[i]! >= 0);
  wanted.sort((a, b) => ids[a]! - ids[b]! || a - b);
  const score = scorer(queries, metric);
  const best = new Float64Array(queries.rows * k).fill(-Infinity);
  let loaded = -1;
  let rows: Float32Array = new Float32Array();
  for (const slot of wanted) {
    const group = ids[slot]!;
    const start = group * GROUP_ROWS;
    if (group !== loaded) {
      throwIfAborted(signal);
      rows = await base.read(start, Math.min(GROUP_ROWS, base.rows - start));
      loaded = group;
    }
    const query = Math.floor(slot / count);
    const top = query * k;
    for (let r = 0; r * base.cols < rows.length; r++) {
      if (self >= 0 && start + r === self + query) continue;
      const value = score(query, rows, r);
      let place = top + k;
      // Rows come in ascending order, so an equal score stays behind.
      while (place > top && best[place - 1]! < value) place--;
      if (place === top + k) continue;
      best.copyWithin(place + 1, place, top + k - 1);
      indices.copyWithin(at * k + place + 1, at * k + place, at * k + top + k - 1);
      best[place] = value;
      indices[at * k + place] = start + r;
    }
  }
  for (let i = 0; i < best.length; i++) scores[at * k + i] = metric === 'euclidean' ? -best[i]! : best[i]!;
}

type Score = (query: number, rows: Float32Array, row: number) => number;

function scorer({ cols, data, rows: count }: Matrix, metric: NeighbourMetric): Score {
  if (metric === 'euclidean') {
    return (query, rows, row) => {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += (data[query * cols + j]! - rows[row * cols + j]!) ** 2;
      return -Math.sqrt(sum);
    };
  }
  const dot: Score = (query, rows, row) => {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += data[query * cols + j]! * rows[row * cols + j]!;
    return sum;
  };
  if (metric === 'inner') return dot;
  const norms = Float64Array.from({ length: count }, (_, query) => Math.sqrt(dot(query, data, query)) || 1);
  return (query, rows, row) => {
    let squares = 0;
    for (let j = 0; j < cols; j++) squares += rows[row * cols + j]! ** 2;
    return dot(query, rows, row) / (norms[query]! * (Math.sqrt(squares) || 1));
  };
}
