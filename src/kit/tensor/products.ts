import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/matrix.ts';
import { Graph } from './graph.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { matmul } from './ops/linear.ts';
import { transpose } from './ops/structure.ts';
import { runBatched } from './run-batched.ts';
import type { Runtime } from './runtime.ts';
import { float32 } from './types.ts';

/** Inner products of some rows of the left matrix with some of the right one. */
export interface ProductBlock {
  /** First row of the left matrix. */
  readonly row: number;
  /** First row of the right matrix. */
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
  /** `[rows, cols]` */
  readonly data: Float32Array;
}

export interface ProductOptions {
  readonly left: Matrix;
  readonly right: Matrix | MatrixSource;
  readonly signal?: AbortSignal | undefined;
}

const LEFT_ROWS = 512;
const RIGHT_ROWS = 2048;

function* tilesOf(rows: number, cols: number): Generator<Omit<ProductBlock, 'data'>> {
  for (let row = 0; row < rows; row += LEFT_ROWS)
    for (let col = 0; col < cols; col += RIGHT_ROWS)
      yield { row, col, rows: Math.min(LEFT_ROWS, rows - row), cols: Math.min(RIGHT_ROWS, cols - col) };
}

/**
 * Yields all of `left · rightᵀ` in blocks of at most 512 × 2048 products, left rows in the outer order; the engine computes the next
 * block while the caller looks at this one.
 *
 * @throws {BiolensError} `usage` when widths differ; `interrupted`.
 */
export async function* eachProductBlock(runtime: Runtime, options: ProductOptions): AsyncGenerator<ProductBlock> {
  const { left, signal } = options;
  const right = 'data' in options.right ? sourceOf(options.right) : options.right;
  const width = left.cols;
  if (width !== right.cols) throw new BiolensError('usage', `rows are ${width} and ${right.cols} wide`);
  const graph = new Graph();
  const columns = transpose(graph.input('right', ['cols', width]), [1, 0]);
  graph.output('products', matmul(graph.input('left', ['rows', width]), columns));
  const session = await runtime.load(graph.build(), { spin: false });
  try {
    yield* runBatched(tilesOf(left.rows, right.rows), {
      size: 1,
      prepare: ([tile]) => prepareTile(tile!, left, right),
      run: async ({ feeds, ...tile }): Promise<ProductBlock[]> => {
        const { products } = await session.run(feeds, { transfer: true, signal });
        if (!(products?.data instanceof Float32Array))
          throw new BiolensError('external', 'the engine returned no products');
        return [{ ...tile, data: products.data }];
      },
      signal,
    });
  } finally {
    await session.close();
  }
}

async function prepareTile(tile: Omit<ProductBlock, 'data'>, left: Matrix, right: MatrixSource) {
  const { row, col, rows, cols } = tile;
  const width = left.cols;
  // Copies, because they are handed over to the engine.
  const feeds = {
    left: float32(left.data.slice(row * width, (row + rows) * width), [rows, width]),
    right: float32((await right.read(col, cols)).slice(), [cols, width]),
  };
  return { ...tile, feeds };
}
