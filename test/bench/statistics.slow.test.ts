import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { compareGroups } from '../../src/jobs/bench/compare/groups.ts';
import { fitSizeLaw, scoreAnswers, testPaired } from '../../src/jobs/bench/index.ts';
import { clusteredShare, type Observation } from '../../src/jobs/bench/score/clustered-share.ts';
import { linkedShare } from '../../src/jobs/bench/score/linked-share.ts';
import { makeAnswer, makeQuestion } from './questions.ts';
import { covers, drawAnswers, drawChain, drawSizes } from './simulate.ts';

/*
 * Coverage and level by simulation. With 4,000 repetitions a rate of 0.95 is measured to ±0.0034 (one standard error); the bounds leave
 * at least four of these beside what the methods themselves deviate. Measured when written: accuracy 0.933 to 0.967 (plain Wilson down
 * to 0.866), paired false alarms 0.029 to 0.040 at 0.05 (McNemar's test without clusters up to 0.098), its intervals 0.945 to 0.960,
 * groups 0.949, accuracy of linked questions 0.944 to 0.969, letters 0.051 and 0.044 at 0.05, the size exponent 0.93.
 */
const REPETITIONS = 4000;

describe('accuracy intervals', () => {
  const settings = [60, 100, 400, 1500].flatMap(n =>
    [0.1, 0.25, 0.5, 0.9, 0.98].flatMap(accuracy => [0, 0.5].map(correlation => [n, accuracy, correlation] as const)),
  );
  test.each(settings)('%d questions, accuracy %d, correlation %d within clusters', (n, accuracy, correlation) => {
    const stream = openStream(randomKey(n * 1000 + accuracy * 100 + correlation * 10));
    const sizes = drawSizes(stream, n, 0.3);
    let hits = 0;
    for (let i = 0; i < REPETITIONS; i++) {
      const observations = drawAnswers(stream, sizes, { accuracy, correlation });
      hits += covers(clusteredShare(observations).interval, accuracy) ? 1 : 0;
    }
    expect(hits / REPETITIONS).toBeGreaterThan(0.92);
    expect(hits / REPETITIONS).toBeLessThan(0.99);
  });
});

describe('accuracy intervals of linked questions', () => {
  test.each([
    [60, 0.3],
    [60, 0.8],
    [400, 0.5],
    [400, 0.95],
  ])('%d in a chain, accuracy %d', (n, accuracy) => {
    const stream = openStream(randomKey(n + 100 * accuracy));
    const links = Array.from({ length: n - 1 }, (_, i) => [i, i + 1] as const);
    let hits = 0;
    for (let i = 0; i < REPETITIONS; i++)
      hits += covers(linkedShare(drawChain(stream, n, accuracy), links).interval, accuracy) ? 1 : 0;
    expect(hits / REPETITIONS).toBeGreaterThan(0.92);
    expect(hits / REPETITIONS).toBeLessThan(0.99);
  });

  test.each([0.25, 0.9])('groups as links, accuracy %d', accuracy => {
    const stream = openStream(randomKey(100 * accuracy));
    const sizes = drawSizes(stream, 200, 0.3);
    const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((sum, size) => sum + size, 0));
    const links = sizes.flatMap((size, k) =>
      Array.from({ length: size }, (_, a) => a).flatMap(a =>
        Array.from({ length: size - a - 1 }, (_, b) => [starts[k]! + a, starts[k]! + a + b + 1] as const),
      ),
    );
    let hits = 0;
    for (let i = 0; i < REPETITIONS; i++) {
      const values = drawAnswers(stream, sizes, { accuracy, correlation: 0.5 }).map(({ value }) => value);
      hits += covers(linkedShare(values, links).interval, accuracy) ? 1 : 0;
    }
    expect(hits / REPETITIONS).toBeGreaterThan(0.92);
    expect(hits / REPETITIONS).toBeLessThan(0.99);
  });
});

describe('paired comparison', () => {
  /** Two models that are alike: each answer of a pair is as likely to be the better one, clusters share difficulty. */
  const alike = (
    stream: ReturnType<typeof openStream>,
    sizes: readonly number[],
    correlation: number,
  ): Observation[] => {
    const first = drawAnswers(stream, sizes, { accuracy: 0.55, correlation });
    const second = drawAnswers(stream, sizes, { accuracy: 0.55, correlation });
    return first.map(({ value, cluster }, i) => ({ cluster, value: stream.bool(0.5) ? 0 : value - second[i]!.value }));
  };

  test.each([
    [100, 0],
    [100, 0.6],
    [1000, 0.6],
  ])('%d questions, correlation %d: false alarms stay at their level', (n, correlation) => {
    const stream = openStream(randomKey(n + correlation * 10));
    const sizes = drawSizes(stream, n, 0.5);
    const alarms = { clustered: 0, plain: 0, coverage: 0 };
    for (let i = 0; i < REPETITIONS; i++) {
      const differences = alike(stream, sizes, correlation);
      const result = testPaired(differences);
      if (result.p <= 0.05) alarms.clustered++;
      if (covers(result.difference.interval, 0)) alarms.coverage++;
      if (testPaired(differences.map(({ value }, cluster) => ({ value, cluster }))).p <= 0.05) alarms.plain++;
    }
    expect(alarms.clustered / REPETITIONS).toBeLessThan(0.055);
    expect(alarms.clustered / REPETITIONS).toBeGreaterThan(0.02);
    expect(alarms.coverage / REPETITIONS).toBeGreaterThan(0.935);
  });

  test('the interval covers a true difference', () => {
    const stream = openStream(randomKey(77));
    const sizes = drawSizes(stream, 400, 0.3);
    let hits = 0;
    for (let i = 0; i < REPETITIONS; i++) {
      const first = drawAnswers(stream, sizes, { accuracy: 0.6, correlation: 0.5 });
      const second = drawAnswers(stream, sizes, { accuracy: 0.5, correlation: 0.5 });
      const { difference } = testPaired(
        first.map(({ value, cluster }, j) => ({ cluster, value: value - second[j]!.value })),
      );
      if (covers(difference.interval, 0.1)) hits++;
    }
    expect(hits / REPETITIONS).toBeGreaterThan(0.935);
    expect(hits / REPETITIONS).toBeLessThan(0.97);
  });
});

test('difference between groups of questions covers', () => {
  const stream = openStream(randomKey(12));
  const sizes = drawSizes(stream, 300, 0.4);
  let hits = 0;
  for (let i = 0; i < REPETITIONS; i++) {
    const all = drawAnswers(stream, sizes, { accuracy: 0.5, correlation: 0.5 });
    // Groups cut through clusters.
    const { difference } = compareGroups(
      all.filter((_, j) => j % 3 === 0),
      all.filter((_, j) => j % 3 !== 0),
    );
    if (covers(difference.interval, 0)) hits++;
  }
  expect(hits / REPETITIONS).toBeGreaterThan(0.93);
  expect(hits / REPETITIONS).toBeLessThan(0.97);
});

test('the test of letters keeps its level, also with rotations', () => {
  const stream = openStream(randomKey(31));
  const questions = Array.from({ length: 150 }, (_, i) =>
    makeQuestion({ id: `f/${i}`, correct: 'ABCD'[stream.integer(4)]! }),
  );
  const rates = [1, 4].map(rotations => {
    let alarms = 0;
    const repetitions = 500;
    for (let i = 0; i < repetitions; i++) {
      const answers = questions.flatMap(({ id, correct }) => {
        // A model that means an option, wrong ones evenly, and mostly sticks to it however the options are turned.
        const wrong = [...'ABCD'].filter(letter => letter !== correct);
        const meant = stream.bool(0.5) ? correct : stream.pick(wrong);
        return Array.from({ length: rotations }, (_, rotation) => {
          const chosen = stream.bool(0.8) ? meant : stream.pick([...'ABCD']);
          return makeAnswer(
            id,
            'ABCD'['ABCD'.indexOf(chosen) - rotation + (chosen.charCodeAt(0) - 65 < rotation ? 4 : 0)]!,
            { rotation },
          );
        });
      });
      if ((scoreAnswers(questions, answers).letters.test.p ?? 1) <= 0.05) alarms++;
    }
    return alarms / repetitions;
  });
  // Standard error 0.01.
  for (const rate of rates) {
    expect(rate).toBeGreaterThan(0.01);
    expect(rate).toBeLessThan(0.09);
  }
});

test('the interval of the size exponent covers, at 0.05 of noise', () => {
  const stream = openStream(randomKey(5));
  let hits = 0;
  const repetitions = 100;
  for (let i = 0; i < repetitions; i++) {
    const points = Array.from({ length: 25 }, () => {
      const size = Math.exp(stream.uniform() * Math.log(140)) / 2;
      return { size, error: 0.65 * size ** -0.1 + 0.05 * stream.normal() };
    });
    if (covers(fitSizeLaw(points)!.exponent.interval, 0.1)) hits++;
  }
  // Pairs resampled from 25 models, and the form chosen anew each time: somewhat below the nominal 0.95; standard error 0.03.
  expect(hits / repetitions).toBeGreaterThan(0.82);
});
