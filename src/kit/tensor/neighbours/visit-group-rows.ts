import { throwIfAborted } from '../../../ground/errors.ts';
import type { MatrixSource } from '../matrix-source.ts';

/** A group of base rows that a query wants to look at. */
export interface WantedGroup {
  readonly id: number;
  readonly query: number;
}

export interface VisitOptions {
  readonly base: MatrixSource;
  /** Rows of a group, a power of two up to 64. */
  readonly groupRows: number;
  /** Row `index` of the base is row `row` of `rows`. */
  readonly visit: (query: number, index: number, rows: Float32Array, row: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Rows that are read at a time, a multiple of any `groupRows`. */
const CHUNK_ROWS = 2048;
/** The event loop gets a turn this often. */
const TURN_MS = 20;

/** Visits every row of each query's groups, which come by ascending id, so that every row is read once. */
export async function visitGroupRows(
  wanted: Iterable<WantedGroup>,
  { base, groupRows, visit, signal }: VisitOptions,
): Promise<void> {
  let start = 0;
  let rows: Float32Array = new Float32Array();
  let turn = performance.now();
  for (const { id, query } of wanted) {
    const from = id * groupRows - start;
    if (from * base.cols >= rows.length) {
      throwIfAborted(signal);
      if (performance.now() - turn > TURN_MS) {
        await new Promise(resolve => setTimeout(resolve, 0));
        turn = performance.now();
      }
      start += Math.floor(from / CHUNK_ROWS) * CHUNK_ROWS;
      rows = await base.read(start, Math.min(CHUNK_ROWS, base.rows - start));
    }
    const first = id * groupRows - start;
    const end = Math.min(first + groupRows, rows.length / base.cols);
    for (let row = first; row < end; row++) visit(query, start + row, rows, row);
  }
}
