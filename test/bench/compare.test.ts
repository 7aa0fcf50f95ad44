import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { TASKS } from '../../src/ground/contracts/bench-codes.ts';
import { benchComparisonSchema } from '../../src/ground/contracts/bench-compare.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { compareGroups } from '../../src/jobs/bench/compare/groups.ts';
import { signFlipTest } from '../../src/jobs/bench/compare/paired.ts';
import { PUBLISHED_COUNTS } from '../../src/jobs/bench/datasets.ts';
import {
  compareModels,
  fitSizeLaw,
  formatLeaderboard,
  leaderboard,
  PUBLISHED_RESULTS,
  scoreModel,
  sizeFromName,
  testPaired,
} from '../../src/jobs/bench/index.ts';
import { describeComparison } from '../../src/jobs/bench/run/describe.ts';
import { makeAnswer, makeQuestion } from './questions.ts';
import { covers, drawAnswers, drawSizes } from './simulate.ts';

describe('paired test', () => {
  // scipy 1.17: binomtest(2, 10).pvalue, binomtest(5, 30).pvalue, binomtest(40, 100).pvalue
  test.each([
    [8, 2, 0.109375],
    [25, 5, 0.0003249142318964005],
    [60, 40, 0.05688793364098078],
    [3, 3, 1],
  ])("is McNemar's exact test on independent questions: %d against %d", (first, second, p) => {
    const differences = [...Array(first).fill(1), ...Array(second).fill(-1), ...Array(50).fill(0)].map(
      (value, cluster) => ({ value, cluster }),
    );
    const result = testPaired(differences);
    expect(result.p).toBeCloseTo(p, 12);
    expect(result).toMatchObject({ test: 'mcnemar-exact', firstBetter: first, secondBetter: second });
    expect(result.difference.value).toBeCloseTo((first - second) / (first + second + 50), 12);
  });

  test('counts all sign patterns', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 9 }), quarters => {
        const values = quarters.map(value => value / 4);
        const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
        let extreme = 0;
        for (let signs = 0; signs < 2 ** values.length; signs++) {
          const sum = values.reduce((total, value, i) => total + (signs & (1 << i) ? value : -value), 0);
          if (Math.abs(sum) >= observed - 1e-9) extreme++;
        }
        const { p, exact } = signFlipTest(values);
        expect(exact).toBe(true);
        expect(p).toBeCloseTo(extreme / 2 ** values.length, 10);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test('drawn patterns agree with counted ones', () => {
    const thirds = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (1 / 4));
    const exact = signFlipTest(thirds);
    // Multiples of 1/7 are not counted exactly.
    const drawn = signFlipTest(thirds.map(value => (value * 4) / 7));
    expect([exact.exact, drawn.exact]).toEqual([true, false]);
    // Five standard errors of 19,999 draws.
    expect(Math.abs(exact.p - drawn.p)).toBeLessThan(5 * Math.sqrt((exact.p * (1 - exact.p)) / 19_999));
  });

  test('questions with a shared picture count as one piece of evidence', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i < 30 ? 1 : -1));
    const apart = testPaired(values.map((value, i) => ({ value, cluster: i })));
    const together = testPaired(values.map((value, i) => ({ value, cluster: Math.floor(i / 10) })));
    expect(apart.p).toBeLessThan(0.01);
    expect(together.p).toBe(0.625);
    expect(together.test).toBe('sign-flip-exact');
    const width = ({ difference: { interval } }: typeof apart): number => interval!.high - interval!.low;
    expect(width(together)).toBeGreaterThan(2 * width(apart));
  });

  test('false alarms stay at their level where pictures are shared, by simulation', () => {
    // 800 comparisons of models that are alike; more than 65 alarms at 0.05 have a chance of 1 in 10,000.
    const stream = openStream(randomKey(9));
    const sizes = drawSizes(stream, 200, 0.6);
    let alarms = 0;
    let independent = 0;
    for (let i = 0; i < 800; i++) {
      const first = drawAnswers(stream, sizes, { accuracy: 0.5, correlation: 0.7 });
      const second = drawAnswers(stream, sizes, { accuracy: 0.5, correlation: 0.7 });
      const differences = first.map(({ value, cluster }, j) => ({ cluster, value: value - second[j]!.value }));
      if (testPaired(differences).p <= 0.05) alarms++;
      if (testPaired(differences.map(({ value }, cluster) => ({ value, cluster }))).p <= 0.05) independent++;
    }
    expect(alarms).toBeLessThanOrEqual(65);
    // What the clusters are for.
    expect(independent).toBeGreaterThan(80);
  });

  test('two models that never differ have an interval about zero and p = 1', () => {
    const { difference, p } = testPaired(Array.from({ length: 50 }, (_, cluster) => ({ value: 0, cluster })));
    expect(p).toBe(1);
    expect(difference.interval!.low).toBeLessThan(0);
    expect(difference.interval!.high).toBeGreaterThan(0);
  });
});

describe('groups', () => {
  test("is Welch's, as good as, on independent questions", () => {
    const group = (right: number, n: number, from: number) =>
      Array.from({ length: n }, (_, i) => ({ value: i < right ? 1 : 0, cluster: from + i }));
    const { difference, p } = compareGroups(group(60, 100, 0), group(90, 200, 100));
    expect(difference.value).toBeCloseTo(0.15, 12);
    // scipy 1.17: ttest_ind([1]*60+[0]*40, [1]*90+[0]*110, equal_var=False).pvalue = 0.01409; two ways to count degrees of freedom.
    expect(p).toBeGreaterThan(0.0125);
    expect(p).toBeLessThan(0.0155);
  });
});

/** As many questions as the published benchmark, in its categories. */
const full: readonly Question[] = PUBLISHED_COUNTS.flatMap(({ dataset, task, multiple, single, zero }) =>
  (['multiple', 'single', 'zero'] as const).flatMap(imageCount =>
    Array.from({ length: { multiple, single, zero }[imageCount] }, (_, i) =>
      makeQuestion({
        id: `${dataset}-${task}-${imageCount}/${i}`,
        dataset,
        task,
        category: TASKS.find(({ code }) => code === task)!.category,
        imageCount,
      }),
    ),
  ),
);

const model = (name: string, questions: readonly Question[], isRight: (i: number) => boolean) =>
  scoreModel(
    questions,
    questions.map(({ id }, i) => makeAnswer(id, isRight(i) ? 'A' : 'B', { model: name })),
  );

describe('questions that all hang together', () => {
  const n = 120;
  const links = Array.from({ length: n - 1 }, (_, i) => [i, i + 1] as const);
  const together = (values: readonly number[]) => values.map(value => ({ value, cluster: 0 }));
  /** Differences of which neighbours share a draw. */
  const draw = (stream: ReturnType<typeof openStream>, lead: number): number[] => {
    const shared = Array.from({ length: n + 1 }, () => (stream.bool(0.4) ? (stream.bool(0.5 + lead) ? 1 : -1) : 0));
    return Array.from({ length: n }, (_, i) => shared[stream.bool(0.5) ? i : i + 1]!);
  };

  test('clusters alone would never find a difference; links do, with few false alarms', () => {
    const stream = openStream(randomKey(41));
    const repetitions = 800;
    let [alarms, found, covered] = [0, 0, 0];
    for (let i = 0; i < repetitions; i++) {
      const result = testPaired(together(draw(stream, 0)), links);
      expect(result.test).toBe('linked-t');
      if (result.p <= 0.05) alarms++;
      if (covers(result.difference.interval, 0)) covered++;
      const real = draw(stream, 0.4);
      if (testPaired(together(real), links).p <= 0.05) found++;
      if (i === 0) expect(testPaired(together(real)).p).toBe(1);
    }
    // Standard error 0.008.
    expect(alarms / repetitions).toBeLessThan(0.075);
    expect(covered / repetitions).toBeGreaterThan(0.92);
    expect(found / repetitions).toBeGreaterThan(0.9);
  });

  test('the same answers are no difference', () => {
    expect(testPaired(together(Array.from({ length: n }, () => 0)), links).p).toBe(1);
  });

  test('where questions are apart nothing changes', () => {
    const values = draw(openStream(randomKey(2)), 0.2).map((value, cluster) => ({ value, cluster }));
    expect(testPaired(values, [])).toEqual(testPaired(values));
  });
});

describe('comparison', () => {
  test('own models by question, published ones by totals', () => {
    const comparison = compareModels([
      model('good-7b', full, i => i % 10 < 6),
      model('same-7b', full, i => (i + 3) % 10 < 6),
      model('bad-2b', full, i => i % 10 < 3),
    ]);
    expect(benchComparisonSchema.parse(comparison)).toEqual(comparison);
    const pair = (first: string, second: string) =>
      comparison.pairs.find(one => one.first === first && one.second === second);
    expect(pair('good-7b', 'same-7b')).toMatchObject({
      test: 'mcnemar-exact',
      paired: true,
      real: false,
      difference: { value: 0, n: 5000 },
    });
    expect(pair('good-7b', 'bad-2b')).toMatchObject({ real: true, paired: true, firstBetter: 1500, secondBetter: 0 });
    expect(pair('good-7b', 'Qwen2-VL-72b-Instruct')).toMatchObject({ test: 'two-proportions', paired: false });
    expect(pair('bad-2b', 'Random Choice')).toMatchObject({ real: true });
    expect(comparison.pairs).toHaveLength(3 + 3 * 30);
    expect(comparison.publishedNotTested).toBeNull();
    expect(comparison.rows[0]?.name).toBe('good-7b');
    expect(comparison.rows.filter(row => row.published)).toHaveLength(30);
    expect(comparison.size?.rows).toContain('bad-2b');
    expect(comparison.size?.rows).toHaveLength(21 + 3);
  });

  test('published rows are not held against other questions', () => {
    const comparison = compareModels([model('m', full.slice(0, 100), () => true)]);
    expect(comparison.pairs).toEqual([]);
    expect(comparison.publishedNotTested).toBe(
      'the published rows are of other questions: 1500 on Bias & Fairness, here 100',
    );
    expect(comparison.rows).toHaveLength(31);
    // A perfect score on other questions is not the best of the table, and a poor one not the worst.
    const [perfect, poor] = [true, false].map(right =>
      compareModels([model('m-2b', full.slice(0, 100), () => right), model('n-7b', full.slice(0, 100), () => !right)]),
    );
    for (const { rows, size } of [perfect!, poor!]) {
      expect(rows.map(({ published }) => published)).toEqual([false, false, ...Array(30).fill(true)]);
      expect(rows.slice(0, 2).map(({ overall }) => overall.value)).toEqual([1, 0]);
      expect(rows[2]?.name).toBe('Qwen2-VL-72b-Instruct');
      // No curve goes through shares of different questions.
      expect(size?.rows ?? []).not.toContain('GPT-4o');
      expect(size?.rows.some(name => name.startsWith('Qwen')) ?? false).toBe(false);
    }
    const text = describeComparison(perfect!);
    expect(text.indexOf('m-2b')).toBeLessThan(text.indexOf('Published, of other questions'));
    expect(text.indexOf('Published, of other questions')).toBeLessThan(text.indexOf('GPT-4o'));
  });

  test('the published rows alone', () => {
    const { pairs } = compareModels([]);
    expect(pairs).toHaveLength((30 * 29) / 2);
    const pair = (first: string, second: string) => pairs.find(one => one.first === first && one.second === second);
    // 57.86 and 57.80 of 5,000 questions are the same; 57.86 and 50.50 are not.
    expect(pair('InternVL2-76b', 'Qwen2-VL-72b-Instruct')).toMatchObject({ real: false });
    expect(pair('Qwen2-VL-72b-Instruct', 'GPT-4o')).toMatchObject({ real: true });
  });

  test('one picture against several', () => {
    const [own] = compareModels([model('m', full, i => full[i]!.imageCount === 'single' || i % 2 === 0)], {
      published: false,
    }).singleAgainstMultiple;
    expect(own).toMatchObject({ single: { value: 1, n: 2150 }, multiple: { n: 2750 } });
    expect(own?.difference.value).toBeCloseTo(1 - own!.multiple.value!, 12);
    expect(own?.p).toBeLessThan(1e-10);
  });

  test('models that answered no question in common', () => {
    const { pairs } = compareModels(
      [model('a', full.slice(0, 50), () => true), model('b', full.slice(50, 99), () => true)],
      { published: false },
    );
    expect(pairs).toMatchObject([
      { p: null, q: null, real: false, test: 'none', reason: 'no question was answered by both' },
    ]);
  });
});

describe('accuracy against size', () => {
  const sizes = [0.5, 1, 2, 3, 7, 8, 13, 34, 72];

  test('finds the law that made the points', () => {
    const power = fitSizeLaw(sizes.map(size => ({ size, error: 0.7 * size ** -0.12 })));
    expect(power?.law).toMatchObject({ form: 'power', floor: 0 });
    expect(power?.law.exponent).toBeCloseTo(0.12, 5);
    expect(power?.law.scale).toBeCloseTo(0.7, 5);
    expect(power?.rSquared).toBeCloseTo(1, 8);
    const saturating = fitSizeLaw(sizes.map(size => ({ size, error: 0.4 + 0.3 * size ** -0.8 })));
    expect(saturating?.law.form).toBe('saturating');
    expect(saturating?.law.floor).toBeCloseTo(0.4, 4);
    expect(saturating?.law.exponent).toBeCloseTo(0.8, 4);
  });

  test('errors that do not fall have no exponent above 0', () => {
    const rising = fitSizeLaw(sizes.map(size => ({ size, error: 0.3 + 0.002 * size })));
    expect(rising?.law.exponent ?? 0).toBeLessThan(1e-6);
    expect(rising?.gainPerDoubling.value).toBeCloseTo(0, 6);
  });

  test('too few models have no fit', () => {
    expect(fitSizeLaw(sizes.slice(0, 4).map(size => ({ size, error: 0.5 })))).toBeNull();
    expect(fitSizeLaw(Array(9).fill({ size: 7, error: 0.5 }))).toBeNull();
  });

  test('the published models: size helps and explains a quarter', () => {
    const points = PUBLISHED_RESULTS.flatMap(({ model: name, overall, group }) => {
      const size = sizeFromName(name);
      return size === null || group === 'baseline' ? [] : [{ size, error: 1 - overall / 100 }];
    });
    const fit = fitSizeLaw(points)!;
    expect(fit.n).toBe(21);
    expect(fit.rSquared).toBeGreaterThan(0.2);
    expect(fit.rSquared).toBeLessThan(0.3);
    expect(fit.exponent.interval!.low).toBeGreaterThan(0);
    for (const { error, low, high } of fit.curve) expect(low <= error && error <= high).toBe(true);
  });
});

describe('leaderboard files', () => {
  const hostile = scoreModel(
    [makeQuestion()],
    [makeAnswer('file/1', 'A', { model: '=cmd|"x",<script>alert(1)</script> $\\input{x}_% `a`' })],
  );
  const rows = leaderboard([hostile.score], { published: true });

  test('CSV has all digits and no formulas', () => {
    const lines = formatLeaderboard(rows, 'csv').split('\n');
    expect(lines[0]).toMatch(
      /^name,model,setting,parser,published,group,size,n,overall,low,high,withoutFlagged,bias_fairness,/,
    );
    expect(lines[1]).toContain('"\'=cmd|""x"",');
    expect(lines).toHaveLength(1 + 31 + 1);
    expect(lines.find(line => line.startsWith('GPT-4o'))).toContain(',0.505,');
  });

  test('JSON comes back', () => {
    expect(JSON.parse(formatLeaderboard(rows, 'json'))).toEqual(rows);
  });

  test('Markdown keeps to its cells', () => {
    const text = formatLeaderboard(rows, 'markdown');
    for (const line of text.trimEnd().split('\n')) expect(line.replace(/\\\|/g, '').match(/\|/g)).toHaveLength(10);
    expect(text).not.toContain('<script>');
    expect(text).toContain('| GPT-4o (published) | 5000 | 50.50 (49.11 to 51.88) |');
  });

  test('LaTeX escapes what it would run', () => {
    const text = formatLeaderboard(rows, 'latex');
    expect(text).toContain('\\$\\textbackslash{}input\\{x\\}\\_\\%');
    expect(text).toContain('GPT-4o (published) & 5000 & 50.50 (49.11 to 51.88)');
    for (const line of text.split('\n').filter(line => line.endsWith('\\\\')))
      expect(line.replace(/\\&/g, '').match(/&/g)).toHaveLength(8);
  });
});
