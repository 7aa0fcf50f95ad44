import { BiolensError } from '../../../ground/errors.ts';
import type { Matrix } from '../../../ground/math/matrix.ts';
import { Graph } from '../graph.ts';
import type { MatrixSource } from '../matrix-source.ts';
import { matmul } from '../ops/linear.ts';
import { reduceMax } from '../ops/reduction.ts';
import { reshape, transpose } from '../ops/structure.ts';
import { runBatched } from '../run-batched.ts';
import type { Runtime } from '../runtime.ts';
import { float32 } from '../types.ts';
import type { Preparation } from './metric.ts';

/** Queries whose products with a block are in memory at a time, within the engine. */
const TILE_QUERIES = 512;

export interface GroupMaximaOptions {
  readonly base: MatrixSource;
  readonly preparation: Preparation;
  /** Rows of the base that share one maximum. */
  readonly groupRows: number;
  /** Rows of the base that go through the engine at a time, a multiple of `groupRows`. */
  readonly blockRows: number;
  /** Row of the base to begin at, a multiple of `blockRows`; 0 by default. */
  readonly from?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The largest products of some queries with each of some groups of base rows. */
export interface GroupMaxima {
  readonly firstQuery: number;
  readonly queries: number;
  readonly firstGroup: number;
  readonly groups: number;
  /** `[queries, stride]`, of which the first `groups` columns count. */
  readonly maxima: Float32Array;
  readonly stride: number;
}

/** Block `[blockRows, width]` → for each tile of queries the group maxima `[tile, blockRows / groupRows]`. */
function buildGraph(queries: Matrix, { preparation, groupRows, blockRows }: GroupMaximaOptions): Graph {
  const { width } = preparation;
  const graph = new Graph();
  const columns = transpose(graph.input('block', [blockRows, width]), [1, 0]);
  for (let start = 0; start < queries.rows; start += TILE_QUERIES) {
    const tile = Math.min(TILE_QUERIES, queries.rows - start);
    const rows = queries.data.subarray(start * queries.cols, (start + tile) * queries.cols);
    const products = matmul(graph.constant(preparation.queries(rows), [tile, width]), columns);
    const groups = reshape(products, [tile, blockRows / groupRows, groupRows]);
    graph.output(`tile${start}`, groupRows === 1 ? products : reduceMax(groups, { axes: [2] }));
  }
  return graph;
}

/**
 * Yields, block by block of the base, the largest product of every query with every group of rows.
 *
 * A product of `queries × rows` numbers is thus never outside the engine: what is returned is smaller by the size of a group.
 */
export async function* eachGroupMaxima(
  runtime: Runtime,
  queries: Matrix,
  options: GroupMaximaOptions,
): AsyncGenerator<GroupMaxima> {
  const { base, preparation, groupRows, blockRows, from = 0, signal } = options;
  const session = await runtime.load(buildGraph(queries, options).build(), { transfer: true, spin: false });
  const stride = blockRows / groupRows;
  const starts = Array.from({ length: Math.ceil((base.rows - from) / blockRows) }, (_, i) => from + i * blockRows);
  try {
    yield* runBatched(starts, {
      size: 1,
      prepare: async ([start = 0]) => {
        const rows = Math.min(blockRows, base.rows - start);
        const some = preparation.base(await base.read(start, rows));
        return { start, rows, block: fillUp(some, preparation.width, blockRows) };
      },
      run: async ({ start, rows, block }) => {
        const feeds = { block: float32(block, [blockRows, preparation.width]) };
        const found = await session.run(feeds, { transfer: true, signal });
        return Object.entries(found).map(([name, { data, shape }]): GroupMaxima => {
          if (!(data instanceof Float32Array)) throw new BiolensError('external', 'the engine returned no maxima');
          return {
            firstQuery: Number(name.slice('tile'.length)),
            queries: shape[0]!,
            firstGroup: start / groupRows,
            groups: Math.ceil(rows / groupRows),
            maxima: data,
            stride,
          };
        });
      },
      signal,
    });
  } finally {
    await session.close();
  }
}

/** A block with its last row repeated until it is full, which changes no maximum of the groups that it has rows in. */
function fillUp(rows: Float32Array, width: number, blockRows: number): Float32Array {
  if (rows.length === blockRows * width) return rows;
  const block = new Float32Array(blockRows * width);
  block.set(rows);
  for (let at = rows.length; at < block.length; at += width) block.copyWithin(at, rows.length - width, rows.length);
  return block;
}
