import { describe, expect, test } from 'vitest';
import { type Finding, type Metric, missingMetric } from '../../src/ground/contracts/index.ts';
import { randomKey } from '../../src/ground/math/index.ts';
import { auditEmbeddings } from '../../src/jobs/audit/audit.ts';
import { AGE_GROUPS, type AttributeLabels, GIVEN_LABELS } from '../../src/jobs/audit/bias.ts';
import { writeVerdict } from '../../src/jobs/audit/verdict.ts';
import { drawSets, finish, type SetSizes } from './simulated-sets.ts';

function labelsOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, () => name));
}

const EVEN = { male: 0.5, female: 0.5 };

function gender(
  training: Record<string, number>,
  generated: Record<string, number>,
  target: Record<string, number> | undefined = EVEN,
): Map<string, AttributeLabels> {
  const set = (counts: Record<string, number>) => ({ source: GIVEN_LABELS, labels: labelsOf(counts) });
  const sets = { training: set(training), generated: set(generated) };
  return new Map([['genderSeen', { classes: ['male', 'female'], target, ...sets }]]);
}

/** Labels of the six age groups, without a target. */
function ages(training: readonly number[], generated: readonly number[]): Map<string, AttributeLabels> {
  const set = (counts: readonly number[]) => ({
    source: GIVEN_LABELS,
    labels: labelsOf(Object.fromEntries(AGE_GROUPS.map((name, i) => [name, counts[i] ?? 0]))),
  });
  return new Map([['ageGroup', { classes: AGE_GROUPS, training: set(training), generated: set(generated) }]]);
}

async function auditOf(sizes: SetSizes, attributes = new Map<string, AttributeLabels>()) {
  const sets = drawSets(randomKey(77), sizes);
  return (await finish(auditEmbeddings(sets, { attributes, permutations: 199 }))).result;
}

function about(findings: readonly Finding[], subject: string): Finding | undefined {
  return findings.find(finding => finding.subject === subject);
}

const sizes = { training: 150, generated: 100, heldout: 100 };

describe('copies', () => {
  test('are stated as how many of how many, with the test and the rate of false calls', async () => {
    const { verdict } = await auditOf({ ...sizes, copies: 20 });
    expect(about(verdict, 'copies')).toMatchObject({
      level: 'bad',
      headline: expect.stringMatching(/^(19|20|21) of 100 generated images look like copies of training images\.$/),
      certainty: expect.stringMatching(
        /95 % interval .* at most about 5 % of such calls are expected to be false.*p = /,
      ),
    });
    expect(about(verdict, 'identity')).toMatchObject({ level: 'warning' });
  });

  test('that are not found are no proof of none', async () => {
    const { verdict } = await auditOf(sizes);
    const finding = about(verdict, 'copies');
    expect(finding).toMatchObject({ level: 'good', headline: 'No evidence that training images were copied.' });
    expect(finding?.certainty).toContain('None of 100 generated images is called a copy; a share of up to 3.7 %');
    expect(finding?.certainty).toContain('Absence of evidence');
    expect(verdict.map(({ headline }) => headline).join(' ')).not.toMatch(/does not copy|no copies/i);
  });

  test('cannot be spoken of with a handful of images', async () => {
    const { verdict } = await auditOf({ training: 4, generated: 4, heldout: 0 });
    expect(about(verdict, 'copies')).toMatchObject({ level: 'unknown' });
    expect(about(verdict, 'quality')).toMatchObject({ level: 'unknown' });
  });

  test('that could not have been seen are not called absent', async () => {
    const { replication, bias, quality } = await auditOf(sizes);
    for (const callable of [0.99, null]) {
      const finding = about(writeVerdict({ replication: { ...replication, callable }, bias, quality }), 'copies');
      expect(finding).toMatchObject({ level: 'unknown', headline: expect.stringContaining('only all but identical') });
    }
  });

  test('a pull that shows in no single image is a warning', async () => {
    const result = await auditOf(sizes);
    const { replication, bias, quality } = result;
    const permutation = { ...replication.permutation, p: 0.01 };
    const verdict = writeVerdict({ replication: { ...replication, permutation }, bias, quality });
    expect(about(verdict, 'copies')).toMatchObject({
      level: 'warning',
      headline: expect.stringContaining('closer to the training'),
    });
  });

  test('duplicates and leaked held-out images are named', async () => {
    const { verdict } = await auditOf({ ...sizes, duplicates: 10 });
    expect(about(verdict, 'duplicates')?.headline).toContain('10 groups of duplicates');
    const result = await auditOf(sizes);
    const heldoutOverlap: Metric = { value: 0.25, n: 100, interval: null };
    const leaked = writeVerdict({ ...result, replication: { ...result.replication, heldoutOverlap } });
    expect(about(leaked, 'held-out set')?.certainty).toContain('25 % of 100');
  });
});

describe('bias', () => {
  test('made worse', async () => {
    const { verdict } = await auditOf(sizes, gender({ male: 90, female: 60 }, { male: 90, female: 10 }));
    expect(about(verdict, 'gender seen')).toMatchObject({
      level: 'bad',
      headline:
        'The generator makes the skew in gender seen worse: 90 % of generated images are male, where 50 % is the target.',
      certainty: expect.stringMatching(/^4\.00 times the training set's distance from the target .*fisher-exact/),
    });
  });

  test('as in the training set', async () => {
    const { verdict } = await auditOf(sizes, gender({ male: 120, female: 30 }, { male: 80, female: 20 }));
    expect(about(verdict, 'gender seen')).toMatchObject({
      level: 'warning',
      headline: expect.stringContaining('no evidence that more than in the training set'),
    });
  });

  test('none to see, and none to measure', async () => {
    const even = await auditOf(sizes, gender({ male: 75, female: 75 }, { male: 51, female: 49 }));
    expect(about(even.verdict, 'gender seen')).toMatchObject({
      level: 'good',
      headline: expect.stringContaining('No evidence'),
    });
    const empty = await auditOf(sizes, gender({ male: 75, female: 75 }, {}));
    expect(about(empty.verdict, 'gender seen')).toMatchObject({ level: 'unknown' });
  });
});

describe('without a target nothing is said of a target', () => {
  test('age groups as in the training set are no caution', async () => {
    const result = await auditOf(sizes, ages([0, 15, 60, 45, 30, 0], [0, 10, 42, 28, 20, 0]));
    expect(result.bias.attributes.ageGroup?.targetGiven).toBe(false);
    const finding = about(result.verdict, 'age group');
    expect(finding).toMatchObject({
      level: 'good',
      headline: expect.stringMatching(
        /^No evidence that the generator changes .*: 42 % .* are 30-44, 40 % of training/,
      ),
      certainty: expect.stringContaining('No target was given (--target)'),
    });
    expect(`${finding?.headline} ${finding?.certainty}`).not.toContain('the target');
  });

  test('shares that moved are a warning, and a skew that grew is bad', async () => {
    const moved = await auditOf(sizes, ages([10, 60, 40, 30, 10, 0], [10, 15, 30, 35, 10, 0]));
    expect(about(moved.verdict, 'age group')).toMatchObject({
      level: 'warning',
      headline: expect.stringContaining("differs from the training set's"),
    });
    const grown = await auditOf(sizes, ages([10, 15, 50, 35, 30, 10], [0, 0, 100, 0, 0, 0]));
    expect(about(grown.verdict, 'age group')).toMatchObject({
      level: 'bad',
      headline:
        'The generator makes the skew in age group worse: 100 % of generated images are 30-44, 33 % of training images.',
    });
  });
});

test('a handful of different images is no good news', async () => {
  const { replication, bias, quality } = await auditOf(sizes);
  const copied: Metric = {
    value: 0,
    n: 5,
    interval: { low: 0, high: 0.43, confidence: 0.95, method: 'wilson' },
  };
  const finding = about(writeVerdict({ replication: { ...replication, copied }, bias, quality }), 'copies');
  expect(finding).toMatchObject({
    level: 'unknown',
    headline: 'Nothing is called a copy, but 5 different images say too little.',
  });
});

test('quality says which set it is compared with', async () => {
  const { quality, replication, bias } = await auditOf(sizes);
  const verdict = writeVerdict({ quality, replication, bias });
  expect(about(verdict, 'quality')?.certainty).toContain('held-out images (precision)');
  const collapsed = { ...quality, coverage: { value: 0.1, n: 100, interval: null } };
  const kid: Metric = { value: 1, n: 100, interval: { low: 0.5, high: 1.5, confidence: 0.95, method: 'jackknife' } };
  expect(about(writeVerdict({ quality: { ...collapsed, kid }, replication, bias }), 'quality')).toMatchObject({
    level: 'warning',
    headline: 'The generated images leave out much of the variety of the held-out images.',
  });
  const unknown = { ...quality, kid: missingMetric('too few') };
  expect(about(writeVerdict({ quality: unknown, replication, bias }), 'quality')).toMatchObject({ level: 'unknown' });
});

test('every finding is one short headline and a certainty', async () => {
  const { verdict } = await auditOf(
    { ...sizes, copies: 5, duplicates: 4 },
    gender({ male: 90, female: 60 }, { male: 60, female: 40 }),
  );
  for (const { headline, certainty } of verdict) {
    expect(headline).toMatch(/^[A-Z0-9].*\.$/);
    expect(headline.length).toBeLessThan(160);
    expect(certainty).toMatch(/\.$/);
    expect(`${headline} ${certainty}`).not.toMatch(/NaN|undefined|null|Infinity/);
  }
});
