import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import { readCsv } from '../../../kit/images/index.ts';

/** A segment of a query and the segment of a reference that it was taken from, in seconds. */
export interface VscMatch {
  readonly query: string;
  readonly reference: string;
  readonly queryStart: number;
  readonly queryEnd: number;
  readonly referenceStart: number;
  readonly referenceEnd: number;
}

export type VscPrediction = VscMatch & { readonly score: number };

type Interval = readonly [number, number];
const AXES = ['query', 'reference'] as const;
type Axis = (typeof AXES)[number];

const intervalOf = (match: VscMatch, axis: Axis): Interval =>
  axis === 'query' ? [match.queryStart, match.queryEnd] : [match.referenceStart, match.referenceEnd];
const pairOf = ({ query, reference }: VscMatch): string => JSON.stringify([query, reference]);

/** Length of what at least one interval covers. */
function coveredBy(intervals: readonly Interval[]): number {
  let [covered, reached] = [0, Number.NEGATIVE_INFINITY];
  for (const [start, end] of [...intervals].sort((a, b) => a[0] - b[0])) {
    covered += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return covered;
}

const overlap = (a: Interval, b: Interval): number => Math.min(a[1], b[1]) - Math.max(a[0], b[0]);
const touches = (a: VscMatch, b: VscMatch): boolean =>
  AXES.every(axis => overlap(intervalOf(a, axis), intervalOf(b, axis)) > 0);

/** Groups of equal score, highest first. */
function byScore<T extends { readonly score: number }>(predictions: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const one of [...predictions].sort((a, b) => b.score - a.score)) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]!.score === one.score) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

/**
 * Micro average precision over pairs of videos: Σ precision · change of recall, pairs of equal score counted together (VSC2022's descriptor track, and the second
 * number of its matching track).
 */
export function microAp(truth: readonly VscMatch[], predictions: readonly VscPrediction[]): number {
  const actual = new Set(truth.map(pairOf));
  const scores = new Map<string, number>();
  for (const one of predictions) scores.set(pairOf(one), Math.max(one.score, scores.get(pairOf(one)) ?? one.score));
  let [seen, correct, ap] = [0, 0, 0];
  for (const group of byScore([...scores].map(([pair, score]) => ({ pair, score })))) {
    const hits = group.filter(({ pair }) => actual.has(pair)).length;
    seen += group.length;
    correct += hits;
    ap += (hits * correct) / seen;
  }
  return ap / actual.size;
}

/**
 * Segment average precision of the matching track of VSC2022: Σ P · ΔR over predictions of falling score, ties together, with P = √(P_query · P_reference) and R
 * likewise, of summed lengths of intervals; true segments that no prediction of their pair overlaps do not count as met.
 *
 * @throws {BiolensError} `usage` without true segments
 */
export function segmentAp(truth: readonly VscMatch[], predictions: readonly VscPrediction[]): number {
  if (truth.length === 0) throw new BiolensError('usage', '"truth" expected segments, got none');
  const pairs = new Map<string, { truth: VscMatch[]; found: VscMatch[]; met: number[]; told: number[] }>();
  const pairFor = (match: VscMatch) => {
    const key = pairOf(match);
    const known = pairs.get(key) ?? { truth: [], found: [], met: [0, 0], told: [0, 0] };
    pairs.set(key, known);
    return known;
  };
  for (const match of truth) pairFor(match).truth.push(match);
  const all = AXES.map(axis =>
    [...pairs.values()].reduce((sum, pair) => sum + coveredBy(pair.truth.map(one => intervalOf(one, axis))), 0),
  );
  const met = [0, 0];
  const told = [0, 0];
  let [recall, ap] = [0, 0];
  for (const group of byScore(predictions)) {
    for (const prediction of group) {
      const pair = pairFor(prediction);
      pair.found.push(prediction);
      const counted = pair.truth.filter(one => pair.found.some(other => touches(one, other)));
      for (const [k, axis] of AXES.entries()) {
        const found = pair.found.map(one => intervalOf(one, axis));
        const wanted = counted.map(one => intervalOf(one, axis));
        const length = coveredBy(found);
        const both = length + coveredBy(wanted) - coveredBy([...found, ...wanted]);
        met[k]! += both - pair.met[k]!;
        told[k]! += length - pair.told[k]!;
        pair.met[k] = both;
        pair.told[k] = length;
      }
    }
    const reached = Math.sqrt((met[0]! / all[0]!) * (met[1]! / all[1]!));
    const precision = told[0]! > 0 && told[1]! > 0 ? Math.sqrt((met[0]! / told[0]!) * (met[1]! / told[1]!)) : 0;
    ap += precision * (reached - recall);
    recall = reached;
  }
  return ap;
}

const seconds = z.coerce.number().min(0).max(1e7);
const name = z.string().min(1).max(1000);
const rowSchema = z
  .object({
    query_id: name,
    ref_id: name,
    query_start: seconds,
    query_end: seconds,
    ref_start: seconds,
    ref_end: seconds,
  })
  .refine(row => row.query_start < row.query_end && row.ref_start < row.ref_end, 'a segment ends before it begins');

/**
 * Reads true segments as VSC2022 writes them: a CSV with the columns `query_id`, `ref_id`, `query_start`, `query_end`, `ref_start` and `ref_end`.
 *
 * @throws {BiolensError} `input` naming the file and the row
 */
export async function readVscTruth(path: string): Promise<VscMatch[]> {
  const { columns, rows } = await readCsv(path, { key: 'query_id' });
  if (rows.length === 0) throw new BiolensError('input', `${path}: there are no segments in it`);
  return rows.map((cells, i) => {
    const parsed = rowSchema.safeParse(Object.fromEntries(columns.map((column, k) => [column, cells[k]])));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue!.path.length === 0 ? '' : `"${issue!.path.join('.')}" `;
      throw new BiolensError('input', `${path}: row ${i + 1} below the header: ${where}${issue!.message}`);
    }
    const { query_id, ref_id, query_start, query_end, ref_start, ref_end } = parsed.data;
    return {
      query: query_id,
      reference: ref_id,
      queryStart: query_start,
      queryEnd: query_end,
      referenceStart: ref_start,
      referenceEnd: ref_end,
    };
  });
}
