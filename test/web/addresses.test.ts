import { describe, expect, test } from 'vitest';
import { type RunRow, runRowSchema } from '../../src/ground/contracts/index.ts';
import { placeOf } from '../../web/new-run/address.ts';
import { FIRST_QUERY, selectRuns, sharedData, whyNotComparable } from '../../web/runs/run-query.ts';
import { addressesOf } from '../../web/state/use-opened.ts';

const row = (id: string, more: Partial<RunRow> = {}): RunRow =>
  runRowSchema.parse({ id, kind: 'audit', status: 'done', startedAt: `2026-11-2${id}`, title: `Run ${id}`, ...more });

describe('addresses of items', () => {
  test('are each different and can stand in an address, whatever strangers call them', () => {
    const names = ['a', 'a', 'lone \ud800 half', 'x'.repeat(5000), 'x'.repeat(5001), '', '../../etc', '%E0%A4%A'];
    const found = addressesOf(names);
    expect(new Set(found).size).toBe(names.length);
    for (const address of found) expect(decodeURIComponent(encodeURIComponent(address))).toBe(address);
    expect(Math.max(...found.map(({ length }) => length))).toBeLessThan(310);
    expect(found.slice(0, 2)).toEqual(['a', 'a~2']);
  });

  test('of the studio name runs to compare', () => {
    expect(placeOf(null, { pathname: '/compare', search: '?runs=a,b' })).toEqual({ at: 'compare', ids: ['a', 'b'] });
    expect(placeOf(null, { pathname: '/bin', search: '' })).toEqual({ at: 'bin' });
  });
});

describe('the list of runs', () => {
  const metric = (value: number) => ({
    label: 'copies',
    metric: { value, n: 10, interval: null },
    unit: 'share' as const,
    level: value > 0.1 ? ('bad' as const) : ('good' as const),
  });
  const runs = [
    row('1', { headline: metric(0.3), tags: ['v1'], data: [{ role: 'training', name: 'faces', digest: 'aa' }] }),
    row('2', { headline: metric(0.1), notes: 'Baseline', data: [{ role: 'training', name: 'faces', digest: 'aa' }] }),
    row('3', { status: 'interrupted', kind: 'bench', data: [{ role: 'model', name: 'model', digest: 'bb' }] }),
  ];
  const ids = (query: Partial<typeof FIRST_QUERY>) =>
    selectRuns(runs, { ...FIRST_QUERY, ...query }).map(({ id }) => id);

  test('is sorted by result and verdict with those that have none last, and filtered', () => {
    expect(ids({})).toEqual(['3', '2', '1']);
    expect(ids({ sort: { column: 'result', descending: false } })).toEqual(['2', '1', '3']);
    expect(ids({ sort: { column: 'verdict', descending: true } })).toEqual(['1', '2', '3']);
    expect(ids({ text: 'BASE' })).toEqual(['2']);
    expect(ids({ tag: 'v1' })).toEqual(['1']);
    expect(ids({ digest: 'aa' })).toEqual(['2', '1']);
    expect(sharedData(runs)).toEqual([{ digest: 'aa', title: 'training faces, 2 runs (aa)' }]);
  });

  test('says why selected runs cannot be compared', () => {
    expect(whyNotComparable(runs.slice(0, 1))).toContain('two runs or more');
    expect(whyNotComparable(runs)).toContain('one kind');
    expect(whyNotComparable([runs[2]!, { ...runs[2]!, id: '4' }])).toContain('done');
    expect(whyNotComparable(Array.from({ length: 9 }, () => runs[0]!))).toContain('At most 8');
    expect(whyNotComparable(runs.slice(0, 2))).toBeNull();
  });
});
