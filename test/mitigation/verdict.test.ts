import { describe, expect, test } from 'vitest';
import type { Finding, Metric, MitigationSide } from '../../src/ground/contracts/index.ts';
import { foldIn, type Matrix, openStream, proportionMetric, randomKey } from '../../src/ground/math/index.ts';
import { measureFrechet } from '../../src/jobs/audit/metrics/fid.ts';
import { judgeGoals } from '../../src/jobs/mitigation/goals.ts';
import { frechetChange } from '../../src/jobs/mitigation/quality-change.ts';
import { writeVerdict } from '../../src/jobs/mitigation/verdict.ts';

const missing: Metric = { value: null, n: 0, interval: null, reason: 'needs a held-out set' };
const metric = (value: number, reach: number): Metric => ({
  value,
  n: 500,
  interval: { low: value - reach, high: value + reach, confidence: 0.95, method: 'group-jackknife' },
});

interface Parts {
  readonly copies?: number;
  readonly n?: number;
  readonly callable?: number | null;
  readonly p?: number | null;
  readonly fid?: Metric;
  /** Samples whose nearest training image is one of two duplicates. */
  readonly crowd?: number;
}

/** The parts of a side that a verdict looks at. */
function sideOf(
  { copies = 0, n = 1000, callable = 0.9, p = 0.6, fid = metric(10, 0.2), crowd = 0 }: Parts,
  first: number | null,
) {
  const audit = {
    samples: { folder: 'artifacts/after', n },
    replication: {
      copied: proportionMetric(copies, n),
      callable,
      permutation: { p },
      pairs: Array.from({ length: n }, (_, i) => ({ training: i < crowd ? `twin${i % 2}.png` : `${i}.png` })),
      duplicates: { clusters: [{ files: ['twin0.png', 'twin1.png'], minSimilarity: 1 }] },
    },
    bias: { attributes: {} },
    quality: { reference: 'heldout', fid },
  } as unknown as MitigationSide;
  const goals = { copied: 0.02, targets: [], tolerance: 0.05, qualityFloor: 1.1 };
  return { ...audit, goals: judgeGoals(audit, goals, first).map(({ state }) => state) };
}

function verdictOf(after: Parts, before: Parts = { copies: 100, p: 0.001 }, quality: number | null = 1.1): Finding[] {
  const early = sideOf(before, null);
  return writeVerdict({
    before: early,
    after: sideOf(after, early.quality.fid.value),
    rounds: [],
    stoppedBy: 'targets',
    targets: { replication: { copied: 0.02 }, bias: {}, tolerance: 0.05, quality },
  });
}

const levels = (findings: readonly Finding[]) => findings.map(({ subject, level }) => `${subject}: ${level}`);

describe('the verdict on copies', () => {
  test('is good where copies could have been seen', () => {
    const findings = verdictOf({});
    expect(levels(findings)).toEqual(['copies: good', 'quality: good']);
    expect(findings[0]?.headline).toBe('Mitigated: copying is within its target now.');
    // A few samples have to be nearest to some image.
    expect(verdictOf({ crowd: 30 })[0]?.level).toBe('good');
  });

  test.each([
    {
      name: 'a lone copy had to be all but identical',
      after: { callable: 0.9995 },
      level: 'unknown',
      says: '0.9995 similar',
    },
    {
      name: 'not even identical images could be called',
      after: { callable: null },
      level: 'unknown',
      says: 'identical',
    },
    { name: 'samples sit closer to training images', after: { p: 0.01 }, level: 'warning', says: 'relabelling' },
    {
      name: 'samples crowd around one image',
      after: { crowd: 250, p: 0.2 },
      level: 'warning',
      says: '25 % of all samples',
    },
    {
      name: 'only the test without power speaks for it',
      after: { copies: 1, n: 100 },
      level: 'unknown',
      says: 'Up to',
    },
    { name: 'copies are called', after: { copies: 100, p: 0.01 }, level: 'bad', says: 'copies 10.0 %' },
  ])('is not good where $name', ({ after, level, says }) => {
    const [copies] = verdictOf(after);
    expect(copies?.level).toBe(level);
    expect(`${copies?.headline} ${copies?.certainty}`).toContain(says);
  });
});

describe('the verdict on quality', () => {
  const quality = (after: Metric, floor: number | null = 1.1) =>
    verdictOf({ fid: after }, { copies: 100, p: 0.001, fid: metric(8.45, 0.3) }, floor).at(-1)!;

  test('is red or amber where the interval of the difference lies above 0, guarded or not', () => {
    for (const floor of [1.1, null]) {
      expect(quality(metric(10.6, 0.4), floor)).toMatchObject({
        subject: 'quality',
        level: 'bad',
        headline: 'The samples are worse than before: Fréchet distance 8.45 before, 10.6 after.',
      });
      expect(quality(metric(9.1, 0.3), floor).level).toBe('warning');
    }
  });

  test('is good only where a loss could have been seen', () => {
    expect(quality(metric(8.5, 0.3)).level).toBe('good');
    expect(quality(metric(6, 0.3))).toMatchObject({ level: 'good', headline: 'The samples are better than before.' });
    expect(quality(metric(8.5, 5)).level).toBe('unknown');
    expect(quality(missing)).toMatchObject({ level: 'unknown', certainty: 'needs a held-out set.' });
  });

  test('stands in every good finding beside it', () => {
    const [copies] = verdictOf({ fid: metric(20, 0.4) });
    expect(copies).toMatchObject({
      level: 'good',
      headline: 'Mitigated: copying is within its target now. But quality is worse.',
    });
  });
});

describe('the interval of a change of the Fréchet distance', () => {
  const key = randomKey(77);
  function points(rows: number, round: number, scale = 1): Matrix {
    const stream = openStream(foldIn(key, round));
    return { rows, cols: 6, data: Float32Array.from({ length: 6 * rows }, () => 1 + scale * stream.normal()) };
  }
  function measured(reference: Matrix, generated: Matrix) {
    const { distance, without } = measureFrechet(reference, generated);
    expect(without?.generated).toHaveLength(20);
    return { quality: { fid: distance } as MitigationSide['quality'], fidWithout: without! };
  }

  test('holds 0 at its rate where nothing changed, and is narrower than that of independent sets', () => {
    let [outside, narrower] = [0, 0];
    for (let round = 0; round < 60; round++) {
      const reference = points(200, 3 * round);
      const before = measured(reference, points(200, 3 * round + 1, 1.3));
      const after = measured(reference, points(200, 3 * round + 2, 1.3));
      const { interval } = frechetChange(before, after);
      if (interval!.low > 0 || interval!.high < 0) outside++;
      const apart = frechetChange({ quality: before.quality }, { quality: after.quality }).interval!;
      if (interval!.high - interval!.low < apart.high - apart.low) narrower++;
    }
    // More than 9 of 60 at 5 % have probability 2e-3.
    expect(outside).toBeLessThanOrEqual(9);
    expect(narrower).toBeGreaterThan(45);
  });

  test('lies above 0 where samples became worse', () => {
    const reference = points(200, 1001);
    const change = frechetChange(measured(reference, points(200, 1002)), measured(reference, points(200, 1003, 1.5)));
    expect(change.interval).toMatchObject({ method: 'group-jackknife' });
    expect(change.interval!.low).toBeGreaterThan(0);
  });
});
