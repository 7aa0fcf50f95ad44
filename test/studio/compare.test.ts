import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { independentDifference } from '../../src/app/compare/differences.ts';
import { metricsOf } from '../../src/app/compare/metrics.ts';
import { type AuditReport, benchComparisonSchema, runComparisonSchema } from '../../src/ground/contracts/index.ts';
import { newcombe, openStream, proportionMetric, randomKey } from '../../src/ground/math/index.ts';
import { benchJob, benchRun } from '../../src/jobs/bench/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { makeQuestion } from '../bench/questions.ts';
import { biolens } from '../cli/biolens.ts';
import { auditReport, metric, share } from '../web/fixtures.ts';

describe('metrics of a result', () => {
  test('are found with their dotted paths, in order; elements of lists count by what identifies them', () => {
    const result = (order: readonly string[]) => ({
      overall: share(3, 10),
      note: 'text',
      rows: order.map(name => ({ name, inner: { mean: metric(1, 4) } })),
      plain: [{ mean: metric(2, 4) }, { mean: metric(3, 4) }],
    });
    const found = metricsOf(result(['a', 'b']));
    expect(found.map(({ path, of }) => [path, of])).toEqual([
      ['overall', ''],
      ['rows.0.inner.mean', 'name a'],
      ['rows.1.inner.mean', 'name b'],
      ['plain.0.mean', ''],
      ['plain.1.mean', ''],
    ]);
    const turned = metricsOf(result(['b', 'a']));
    expect(turned.find(({ of }) => of === 'name a')?.key).toBe(found[1]?.key);
  });

  test('of a long list or a very deep one are left alone, and at most 2,000 are taken', () => {
    expect(metricsOf({ pairs: Array.from({ length: 201 }, () => ({ mean: metric(1, 1) })) })).toEqual([]);
    let deep: unknown = metric(1, 1);
    for (let i = 0; i < 50_000; i++) deep = { deep };
    expect(metricsOf(deep)).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`m${i}`, metric(1, 1)]));
    expect(metricsOf(many)).toHaveLength(2000);
  });
});

describe('the difference of two runs', () => {
  test('of shares has Newcombe’s interval, and p is below 0.05 exactly where that leaves out 0', () => {
    const counts = fc
      .integer({ min: 1, max: 300 })
      .chain(n => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counts, counts, ([x, n], [y, m]) => {
        const { difference, p, test: method } = independentDifference(proportionMetric(x, n), proportionMetric(y, m));
        const expected = newcombe({ successes: y, n: m }, { successes: x, n });
        expect(difference.value).toBeCloseTo(y / m - x / n, 12);
        expect(difference.interval).toEqual(expected);
        expect(method).toBe('newcombe');
        expect((p ?? 1) < 0.05).toBe(expected.low > 0 || expected.high < 0);
      }),
    );
  });

  // Newcombe (1998), Table II (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339.
  test('is as published', () => {
    const { difference } = independentDifference(proportionMetric(48, 80), proportionMetric(56, 70));
    expect(difference.interval?.low).toBeCloseTo(0.0524, 4);
    expect(difference.interval?.high).toBeCloseTo(0.3339, 4);
  });

  test('is as wide as the intervals of the two make it, where these allow for more than chance in n', () => {
    const clustered = { value: 0.3, n: 100, interval: { low: 0.1, high: 0.6, confidence: 0.95, method: 'wilson' } };
    const { difference, test: method } = independentDifference(share(10, 100), clustered);
    expect(method).toBe('mover');
    expect(difference.interval!.low).toBeLessThan(newcombe({ successes: 30, n: 100 }, { successes: 10, n: 100 }).low);
    const percent = { value: 21, n: 66, interval: { low: 13, high: 32, confidence: 0.95, method: 'wilson' } };
    expect(independentDifference(percent, { ...percent, value: 25 }).difference.value).toBe(4);
  });

  test('has no p where one of the two has no interval, and no value where one has none', () => {
    expect(independentDifference(metric(1, 5), metric(2, 5, 0.1))).toMatchObject({ p: null, test: 'none' });
    const none = { value: null, n: 0, interval: null, reason: 'nothing' };
    expect(independentDifference(none, share(1, 2)).difference).toMatchObject({ value: null });
  });

  // 2,000 pairs of runs that do not differ: at 5 % no more than 130 are expected to be called different (mean 100, +3 deviations).
  test('is called where there is none in about 5 % of runs', () => {
    const stream = openStream(randomKey(7));
    const count = (): number =>
      Array.from({ length: 200 }, () => Number(stream.uniform() < 0.2)).reduce((a, b) => a + b);
    let called = 0;
    for (let i = 0; i < 2000; i++) {
      const { p } = independentDifference(proportionMetric(count(), 200), proportionMetric(count(), 200));
      if ((p ?? 1) < 0.05) called++;
    }
    expect(called).toBeLessThanOrEqual(130);
    expect(called).toBeGreaterThan(50);
  });
});

describe('biolens runs compare', () => {
  const root = mkdtempSync(join(tmpdir(), 'biolens-compare-'));
  const runsDir = join(root, 'runs');
  const from = join(root, 'questions.jsonl');
  const withCopies = (copies: number): AuditReport => {
    const base = auditReport();
    return auditReport({ replication: { ...base.replication, copied: share(copies, 500) } });
  };
  const audit = async (name: string, report: AuditReport, digests = {}): Promise<string> => {
    const run = await createRun({
      kind: 'audit',
      name,
      runsDir,
      seed: 1,
      configuration: { training: join(root, 'train'), generated: join(root, name), nested: { falseMatchRate: 1e-5 } },
      digests: { training: 'a', generated: name, ...digests },
    });
    await run.complete(report);
    return run.id;
  };
  let [before, after, elsewhere, unfinished] = ['', '', '', ''];

  beforeAll(async () => {
    before = await audit('epoch-10', withCopies(60));
    after = await audit('epoch-20', withCopies(10));
    elsewhere = await audit('epoch-30', withCopies(60), { training: 'b' });
    const half = await createRun({ kind: 'audit', name: 'half', runsDir, seed: 1, configuration: {} });
    await half.interrupt();
    unfinished = half.id;
    const questions = Array.from({ length: 40 }, (_, i) => makeQuestion({ id: `f/${i + 1}`, text: `Which is ${i}?` }));
    writeFileSync(from, questions.map(question => `${JSON.stringify(question)}\n`).join(''));
    for (const model of ['random', 'frequent'] as const)
      for await (const _ of benchRun({ from, model }, { runsDir, name: `asked-${model}` }));
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const compare = (...args: string[]) => biolens('runs', 'compare', ...args, '--runs-dir', runsDir);

  test('prints two audits of successive checkpoints within 80 columns, the headline first', async () => {
    const { code, out, err } = await compare('epoch-10', 'epoch-20');
    expect(code, err).toBe(0);
    const lines = out.split('\n');
    expect(lines.filter(line => [...line].length > 80)).toEqual([]);
    expect(lines[0]).toBe(`A  ${before}`);
    // 10/500 − 60/500: Newcombe −13.3 to −7.0 points.
    expect(out).toMatch(/copies: B is lower than A, −10\.0 points \(95 % CI −13\.3 to −7\.0, p = /);
    expect(out).toMatch(/replication\n {2}copied +12\.0 % +2\.0 % +−10\.0 \[/);
    expect(out).toMatch(/generated\n {2}A {2}"[^\n]*epoch-10"\n {2}B {2}"[^\n]*epoch-20"/);
    expect(out).not.toContain('falseMatchRate');
    expect(out).toMatch(/training +the same\ngenerated +different/);
    expect(out).not.toContain('look:');
  });

  test('says what makes a difference hard to read: other training data too, and a difference that is not shown', async () => {
    const { out } = await compare('epoch-10', 'epoch-30');
    expect(out).toContain('copies: no difference shown between A and B, 0.0 points');
    expect(out.replaceAll('\n', ' ')).toContain(
      'look: The runs read different data in more than one role (training, generated)',
    );
  });

  test('--json fits its contract, with three runs too; equal metrics are counted and not listed', async () => {
    const { out } = await compare('epoch-10', 'epoch-20', 'epoch-30', '--json');
    const comparison = runComparisonSchema.parse(JSON.parse(out));
    expect(comparison.runs.map(({ id }) => id)).toEqual([before, after, elsewhere]);
    expect(comparison.metrics.map(({ path }) => path)).toEqual(['replication.copied']);
    expect(comparison.metrics[0]).toMatchObject({
      unit: 'share',
      values: [{ value: 0.12 }, { value: 0.02 }, { value: 0.12 }],
    });
    expect(comparison.metrics[0]!.differences.map(one => one!.difference.value)).toEqual([
      expect.closeTo(-0.1, 12),
      expect.closeTo(0, 12),
    ]);
    expect(comparison.equalMetrics).toBeGreaterThan(50);
    expect(comparison.configuration.map(({ path }) => path)).toEqual(['generated']);
    expect(comparison.images[0]!.length).toBeGreaterThan(0);
  });

  test('bench runs are compared question by question, as the leaderboard compares models', async () => {
    const { out } = await compare('asked-random', 'asked-frequent', '--json');
    const { metrics, text, cautions } = runComparisonSchema.parse(JSON.parse(out));
    const [headline] = metrics;
    expect(headline).toMatchObject({ path: 'overall', unit: 'share' });
    const [difference] = headline!.differences;
    const finished = metrics.length > 0 ? await benchJob.compare?.(await finishedRuns()) : undefined;
    const [pair] = benchComparisonSchema.parse(finished?.json).pairs;
    expect(difference).toMatchObject({ paired: true, test: pair!.test, p: pair!.p });
    expect(Math.abs(difference!.difference.value!)).toBeCloseTo(Math.abs(pair!.difference.value!), 12);
    expect(difference!.difference.value).toBeCloseTo(headline!.values[1]!.value! - headline!.values[0]!.value!, 12);
    expect(text).toContain('frequent');
    expect(cautions).toEqual([]);
  });

  const finishedRuns = async () => {
    const { findRun } = await import('../../src/kit/runs/index.ts');
    const { readFinished } = await import('../../src/app/pages/index.ts');
    const found = await Promise.all(['asked-random', 'asked-frequent'].map(id => findRun(id, runsDir)));
    return await Promise.all(
      found.map(
        async run =>
          (await readFinished(benchJob, run)) as Awaited<ReturnType<typeof readFinished>> & { report: never },
      ),
    );
  };

  test.each([
    [['epoch-10'], '"runs" expected 2 to 8 runs, got 1'],
    [['epoch-10', 'epoch-10'], 'twice'],
    [['epoch-10', 'asked-random'], 'runs of one kind can be compared'],
    [['epoch-10', 'half'], 'has no report'],
    [['epoch-10', 'nothing'], 'there is no run "nothing"'],
  ])('%j is refused with one line', async (ids, message) => {
    const { code, err } = await compare(...ids);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(unfinished).not.toBe('');
  });
});
