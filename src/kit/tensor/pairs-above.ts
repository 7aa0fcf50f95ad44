import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/matrix.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { eachGroupMaxima } from './neighbours/group-maxima.ts';
import { prepare, scorer } from './neighbours/metric.ts';
import { visitGroupRows, type WantedGroup } from './neighbours/visit-group-rows.ts';
import type { Runtime } from './runtime.ts';

export interface PairsAboveOptions {
  /** Least cosine similarity of a pair. */
  readonly threshold: number;
  /** Most pairs to hold in memory; more are an error. Default 10 million. */
  readonly maxPairs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after every block with the rows done of all that the search goes through. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Two rows of a set and how similar they are. */
export interface SimilarPair {
  /** The lower row. */
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

const MAX_PAIRS = 10_000_000;
const PART_ROWS = 16_384;
const BLOCK_ROWS = 2048;
const GROUP_ROWS = 32;

/**
 * Finds all pairs of rows whose cosine similarity is at least `threshold`, by ascending `a` and then `b`.
 *
 * As in `nearestNeighbours`, the engine returns only the largest similarity of groups of rows, and the few groups that reach the threshold
 * are scored again in double precision.
 *
 * @param rows `[n, d]`, in memory or read by rows; finite numbers
 * @throws {BiolensError} `usage` when there are more than `maxPairs`; `interrupted`.
 */
export async function findPairsAbove(
  runtime: Runtime,
  rows: Matrix | MatrixSource,
  options: PairsAboveOptions,
): Promise<SimilarPair[]> {
  const { threshold, maxPairs = MAX_PAIRS, signal, onProgress } = options;
  const base = 'data' in rows ? sourceOf(rows) : rows;
  const starts = Array.from({ length: Math.ceil(base.rows / PART_ROWS) }, (_, part) => part * PART_ROWS);
  const total = starts.reduce((sum, start) => sum + base.rows - start, 0);
  const pairs: SimilarPair[] = [];
  let before = 0;
  for (const start of starts) {
    const count = Math.min(PART_ROWS, base.rows - start);
    const queries: Matrix = { rows: count, cols: base.cols, data: await base.read(start, count) };
    const wanted = await findGroups(runtime, queries, {
      base,
      start,
      threshold,
      maxPairs,
      signal,
      onRows: done => onProgress?.(before + done, total),
    });
    const score = scorer(queries, 'cosine');
    const found: SimilarPair[] = [];
    await visitGroupRows(wanted, {
      base,
      groupRows: GROUP_ROWS,
      signal,
      visit: (query, index, data, row) => {
        if (index <= start + query) return;
        const similarity = score(query, data, row);
        if (similarity >= threshold && pairs.length + found.push({ a: start + query, b: index, similarity }) > maxPairs)
          throw tooMany(maxPairs, threshold);
      },
    });
    for (const pair of found.sort((x, y) => x.a - y.a || x.b - y.b)) pairs.push(pair);
    before += base.rows - start;
  }
  return pairs;
}

function tooMany(maxPairs: number, threshold: number): BiolensError {
  return new BiolensError('usage', `more than ${maxPairs} pairs have a similarity of ${threshold} or more`);
}

interface GroupSearch {
  readonly base: MatrixSource;
  /** Row of the base that the first query is. */
  readonly start: number;
  readonly threshold: number;
  readonly maxPairs: number;
  readonly signal: AbortSignal | undefined;
  readonly onRows: (done: number) => void;
}

/** Groups from each query's own row on with a similarity near the threshold or above, by ascending group. */
async function findGroups(runtime: Runtime, queries: Matrix, search: GroupSearch): Promise<WantedGroup[]> {
  const { base, start, threshold, maxPairs, signal, onRows } = search;
  // Products in single precision are off by less than this.
  const enough = threshold - base.cols * 2 ** -23;
  const wanted: WantedGroup[] = [];
  const tiles = eachGroupMaxima(runtime, queries, {
    base,
    preparation: prepare(queries, 'cosine'),
    groupRows: GROUP_ROWS,
    blockRows: BLOCK_ROWS,
    from: start,
    signal,
  });
  for await (const { firstQuery, queries: count, firstGroup, groups, maxima, stride } of tiles) {
    for (let row = 0; row < count; row++) {
      const query = firstQuery + row;
      const ownGroup = Math.floor((start + query) / GROUP_ROWS);
      for (let group = Math.max(0, ownGroup - firstGroup); group < groups; group++) {
        if (!(maxima[row * stride + group]! >= enough)) continue;
        // A query's own group is always among them.
        if (wanted.push({ id: firstGroup + group, query }) > maxPairs + queries.rows)
          throw tooMany(maxPairs, threshold);
      }
    }
    if (firstQuery === 0) onRows(Math.min((firstGroup + groups) * GROUP_ROWS, base.rows) - start);
  }
  return wanted.sort((x, y) => x.id - y.id || x.query - y.query);
}
