import { describe, expect, test } from 'vitest';
import { foldIn, openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import {
  AGE_GROUPS,
  type AttributeLabels,
  ageGroupOf,
  compareCounts,
  countConfusion,
  type Labels,
  measureAttribute,
  measureBias,
} from '../../src/jobs/audit/bias.ts';

const key = randomKey(21);
const GENDERS = ['male', 'female'] as const;

function drawLabels(stream: RandomStream, n: number, shares: Readonly<Record<string, number>>): string[] {
  const classes = Object.entries(shares);
  return Array.from({ length: n }, () => {
    let left = stream.uniform();
    for (const [name, share] of classes) {
      if (left < share) return name;
      left -= share;
    }
    return classes.at(-1)?.[0] ?? '';
  });
}

function repeat(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, () => name));
}

function given(training: Labels, generated: Labels, classes: readonly string[] = GENDERS): AttributeLabels {
  return {
    classes,
    training: { source: 'labels', labels: training },
    generated: { source: 'labels', labels: generated },
  };
}

describe('shares and distances', () => {
  const bias = measureAttribute(
    'gender',
    given([...repeat({ male: 82, female: 18 }), null], repeat({ male: 90, female: 10 })),
    { key },
  );

  test('shares count labelled items, with Wilson intervals', () => {
    expect(bias.training.male).toMatchObject({ value: 0.82, n: 100, interval: { method: 'wilson' } });
    expect(bias.generated.female).toMatchObject({ value: 0.1, n: 100 });
    expect(bias.target).toEqual({ male: 0.5, female: 0.5 });
    expect(bias.corrected).toBeNull();
  });

  test('distances from the target and between the sets', () => {
    expect(bias.discrepancy.training.parityGap.value).toBeCloseTo(0.64, 12);
    expect(bias.discrepancy.generated.fairnessDiscrepancy.value).toBeCloseTo(0.4 * Math.SQRT2, 12);
    expect(bias.discrepancy.between.totalVariation.value).toBeCloseTo(0.08, 12);
  });

  test('amplification is the ratio of the distances, with a test of equality', () => {
    // scipy.stats.fisher_exact([[82, 18], [90, 10]]): p = 0.152819
    expect(bias.amplification).toMatchObject({ value: expect.closeTo(0.4 / 0.32, 12), n: 100, test: 'fisher-exact' });
    expect(bias.amplification.p).toBeCloseTo(0.152819, 5);
    expect(bias.amplification.interval?.low).toBeLessThan(1.25);
  });

  test('the same labels and seed give the same report', () => {
    const labels = given(repeat({ male: 82, female: 18 }), repeat({ male: 90, female: 10 }));
    expect(measureAttribute('gender', labels, { key })).toEqual(measureAttribute('gender', labels, { key }));
  });

  test('a training set on target has no skew to amplify', () => {
    const even = measureAttribute('gender', given(repeat({ male: 5, female: 5 }), repeat({ male: 9, female: 1 })), {
      key,
    });
    expect(even.amplification).toMatchObject({ value: null, reason: expect.stringContaining('no skew to amplify') });
    expect(even.amplification.p).toBeGreaterThan(0);
  });

  test('another target', () => {
    const labels = {
      ...given(repeat({ male: 8, female: 2 }), repeat({ male: 9, female: 1 })),
      target: { male: 0.8, female: 0.2 },
    };
    expect(measureAttribute('gender', labels, { key }).discrepancy.training.totalVariation.value).toBeCloseTo(0, 12);
  });

  test('an unknown class, target or empty set says what is wrong', () => {
    expect(() => measureAttribute('gender', given(['male', 'robot'], ['male']), { key })).toThrow(
      'gender of the training set: "robot" is not one of the classes male, female',
    );
    const target = { male: 0.5, robot: 0.5 };
    expect(() => measureAttribute('gender', { ...given(['male'], ['male']), target }, { key })).toThrow(
      'target of gender: "robot"',
    );
    const empty = measureAttribute('gender', given(['male', 'female'], [null, null]), { key });
    expect(empty.generated.male).toMatchObject({ value: null, reason: 'no labelled items' });
    expect(empty.discrepancy.generated.kl.value).toBeNull();
    expect(empty.amplification).toMatchObject({ value: null, p: null });
  });

  test('KL to a distribution without one of the classes is missing, not zero', () => {
    const lost = measureAttribute('gender', given(repeat({ male: 10 }), repeat({ male: 5, female: 5 })), { key });
    expect(lost.discrepancy.between.kl).toMatchObject({ value: null, reason: expect.stringContaining('infinite') });
  });
});

describe('intervals and tests hold what they say', () => {
  const groups = ['a', 'b', 'c', 'd', 'e'] as const;

  // 120 rounds: a coverage of .95 shows as at least .87 in all but 1 of 10,000 runs.
  test.each([
    {
      classes: GENDERS,
      training: { male: 0.7, female: 0.3 },
      generated: { male: 0.85, female: 0.15 },
    },
    {
      classes: groups,
      training: { a: 0.4, b: 0.3, c: 0.15, d: 0.1, e: 0.05 },
      generated: { a: 0.6, b: 0.2, c: 0.1, d: 0.05, e: 0.05 },
    },
  ])(
    'coverage over $classes',
    ({ classes, training, generated }) => {
      const distance = (shares: Readonly<Record<string, number>>): number =>
        Object.values(shares).reduce((sum, share) => sum + Math.abs(share - 1 / classes.length), 0) / 2;
      const truth = {
        amplification: distance(generated) / distance(training),
        totalVariation: distance(generated),
      };
      const covered = { amplification: 0, totalVariation: 0 };
      const rounds = 120;
      const stream = openStream(foldIn(key, classes.join()));
      for (let round = 0; round < rounds; round++) {
        const labels = given(drawLabels(stream, 400, training), drawLabels(stream, 250, generated), classes);
        const bias = measureAttribute('x', labels, { key: foldIn(key, round) });
        const holds = (value: number, interval: { low: number; high: number } | null): number =>
          interval !== null && interval.low <= value && value <= interval.high ? 1 : 0;
        covered.amplification += holds(truth.amplification, bias.amplification.interval);
        covered.totalVariation += holds(truth.totalVariation, bias.discrepancy.generated.totalVariation.interval);
      }
      expect(covered.amplification / rounds).toBeGreaterThan(0.87);
      expect(covered.totalVariation / rounds).toBeGreaterThan(0.87);
    },
    60_000,
  );

  test.each([
    { name: 'fisher-exact', classes: GENDERS, shares: { male: 0.8, female: 0.2 }, n: 120 },
    { name: 'chi-square', classes: groups, shares: { a: 0.4, b: 0.3, c: 0.1, d: 0.1, e: 0.1 }, n: 200 },
    { name: 'permutation-chi-square', classes: groups, shares: { a: 0.5, b: 0.42, c: 0.04, d: 0.02, e: 0.02 }, n: 60 },
  ])(
    'level of $name',
    ({ name, classes, shares, n }) => {
      // 150 rounds: at most 5 % below 0.05, and 7.5 + 4·√7.1 of them.
      const stream = openStream(foldIn(key, name));
      let alarms = 0;
      let used = 0;
      for (let round = 0; round < 150; round++) {
        const counts = (): number[] => {
          const labels = drawLabels(stream, n, shares);
          return classes.map(label => labels.filter(other => other === label).length);
        };
        const result = compareCounts(counts(), counts(), { key: foldIn(key, round) });
        if (result.p !== null && result.p <= 0.05) alarms++;
        if (result.test === name) used++;
      }
      expect(used).toBeGreaterThan(75);
      expect(alarms).toBeLessThan(18);
    },
    60_000,
  );
});

describe('classifier error', () => {
  /** What a classifier says that takes 20 % of men for women and 2 % of women for men. */
  function classify(stream: RandomStream, labels: readonly string[]): string[] {
    return labels.map(label =>
      stream.uniform() < (label === 'male' ? 0.2 : 0.02) ? (label === 'male' ? 'female' : 'male') : label,
    );
  }

  test('is measured on the training labels and taken out of the generated shares', () => {
    // Training and generated are both 80 % male; the classifier sees 64.4 %. 150 rounds: coverage of .95 shows as at least .87 in
    // all but 1 of 10,000 runs; the test's level as at most 7.5 + 4·√7.1.
    let [covered, naive, alarms, around] = [0, 0, 0, 0];
    const stream = openStream(foldIn(key, 'classifier'));
    const rounds = 150;
    for (let round = 0; round < rounds; round++) {
      const training = drawLabels(stream, 400, { male: 0.8, female: 0.2 });
      const generated = classify(stream, drawLabels(stream, 400, { male: 0.8, female: 0.2 }));
      const bias = measureAttribute(
        'gender',
        {
          classes: GENDERS,
          training: { source: 'labels', labels: training, predicted: classify(stream, training) },
          generated: { source: 'built-in', labels: generated },
        },
        { key: foldIn(key, round) },
      );
      const holds = (interval: { low: number; high: number } | null | undefined, value: number): boolean =>
        interval != null && interval.low <= value && value <= interval.high;
      if (holds(bias.corrected?.generated.male?.interval, 0.8)) covered++;
      if (holds(bias.generated.male?.interval, 0.8)) naive++;
      if (holds(bias.amplification.interval, 1)) around++;
      if ((bias.amplification.p ?? 1) <= 0.05) alarms++;
      expect(bias.corrected).toMatchObject({ training: null, confusionN: 400 });
    }
    expect(covered / rounds).toBeGreaterThan(0.87);
    expect(around / rounds).toBeGreaterThan(0.87);
    expect(naive / rounds).toBeLessThan(0.05);
    expect(alarms).toBeLessThan(18);
  });

  test('is left alone when a class has too few labelled items to measure it on', () => {
    const bias = measureAttribute(
      'gender',
      {
        classes: GENDERS,
        training: {
          source: 'labels',
          labels: repeat({ male: 50, female: 3 }),
          predicted: repeat({ male: 50, female: 3 }),
        },
        generated: { source: 'built-in', labels: repeat({ male: 5, female: 5 }) },
      },
      { key },
    );
    expect(bias.corrected).toBeNull();
  });

  test('both sets are corrected by a confusion matrix measured elsewhere', () => {
    const { corrected } = measureAttribute(
      'gender',
      {
        classes: GENDERS,
        training: { source: 'x', labels: repeat({ male: 60, female: 40 }) },
        generated: { source: 'x', labels: repeat({ male: 70, female: 30 }) },
        confusion: [
          [80, 0],
          [20, 100],
        ],
      },
      { key },
    );
    expect(corrected?.training?.male?.value).toBeCloseTo(0.75, 9);
    expect(corrected?.generated.male?.value).toBeCloseTo(0.875, 9);
    expect(corrected?.confusion).toEqual([
      [0.8, 0],
      [0.2, 1],
    ]);
  });

  test('counts predicted by true, over items that have both', () => {
    expect(countConfusion(GENDERS, ['male', 'female', null, 'male'], ['male', 'male', 'male', null])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });
});

test('ages fall into the stated groups', () => {
  expect([0, 17.9, 18, 29.9, 30, 45, 59.99, 60, 74, 75, 101].map(ageGroupOf)).toEqual([
    '0-17',
    '0-17',
    '18-29',
    '18-29',
    '30-44',
    '45-59',
    '45-59',
    '60-74',
    '60-74',
    '75+',
    '75+',
  ]);
  expect(AGE_GROUPS).toHaveLength(6);
});

test('attributes are measured one after another, each with its own draws', () => {
  const labels = given(repeat({ male: 8, female: 2 }), repeat({ male: 9, female: 1 }));
  const run = measureBias(
    new Map([
      ['first', labels],
      ['second', labels],
    ]),
    { key },
  );
  const steps: string[] = [];
  let next = run.next();
  for (; !next.done; next = run.next()) steps.push(next.value.step);
  expect(steps).toEqual(['first', 'second']);
  expect(Object.keys(next.value)).toEqual(['first', 'second']);
  expect(next.value.first?.discrepancy.training.kl.interval).not.toEqual(
    next.value.second?.discrepancy.training.kl.interval,
  );
});
