import { createHash } from 'node:crypto';
import type { Repeats } from '../../ground/contracts/index.ts';
import type { Matrix } from '../../ground/math/index.ts';
import { takeRows } from './rows.ts';

/** Groups and files of a group that a report lists. */
const LISTED = { groups: 100, files: 50 } as const;

/** Which rows of a set are the same. */
export interface RepeatedRows {
  /** Groups of identical rows, two or more each, the largest first; rows in ascending order. */
  readonly groups: readonly (readonly number[])[];
  /** The first row of each group and every row that is like no other, in ascending order. */
  readonly distinct: readonly number[];
}

/**
 * Finds rows that are identical: the same embedding to the bit, or the same content where that is known. A sampler that returns one image
 * thirty times has given one observation, not thirty.
 *
 * @param contents what each row was made of, such as the digest of its file; undefined where that is not known
 */
export function findRepeats(
  { rows, cols, data }: Matrix,
  contents?: (row: number) => string | undefined,
): RepeatedRows {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const stride = cols * data.BYTES_PER_ELEMENT;
  const leaderOf = new Int32Array(rows);
  const byKey = new Map<string, number>();
  const leader = (row: number): number => {
    let at = row;
    while (leaderOf[at] !== at) at = leaderOf[at]!;
    return at;
  };
  for (let row = 0; row < rows; row++) {
    leaderOf[row] = row;
    const content = contents?.(row);
    const embedding = createHash('sha256').update(bytes.subarray(row * stride, (row + 1) * stride));
    const keys = [`e${embedding.digest('base64')}`];
    if (content !== undefined) keys.push(`c${content}`);
    for (const key of keys) {
      const former = byKey.get(key);
      if (former === undefined) byKey.set(key, row);
      else {
        const [low = row, high = row] = [leader(former), leader(row)].sort((a, b) => a - b);
        leaderOf[high] = low;
      }
    }
  }
  const members = new Map<number, number[]>();
  for (let row = 0; row < rows; row++) {
    const first = leader(row);
    const group = members.get(first);
    if (group === undefined) members.set(first, [row]);
    else group.push(row);
  }
  const groups = [...members.values()].filter(group => group.length > 1).sort((a, b) => b.length - a.length);
  return { groups, distinct: [...members.keys()] };
}

/** The rows of a set that differ, under their names. */
export function keepDistinct<S extends { readonly rows: Matrix; readonly id: (row: number) => string }>(
  set: S,
  { distinct }: RepeatedRows,
): S {
  if (distinct.length === set.rows.rows) return set;
  return { ...set, rows: takeRows(set.rows, distinct), id: (row: number) => set.id(distinct[row]!) };
}

/** What a report says of a set's repeats. */
export function describeRepeats(
  { rows, id }: { readonly rows: Matrix; readonly id: (row: number) => string },
  { groups, distinct }: RepeatedRows,
): Repeats {
  return {
    n: rows.rows,
    distinct: distinct.length,
    groups: groups
      .slice(0, LISTED.groups)
      .map(group => ({ n: group.length, files: group.slice(0, LISTED.files).map(id) })),
  };
}
