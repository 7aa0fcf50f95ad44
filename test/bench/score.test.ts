import { describe, expect, test } from 'vitest';
import type { Answer, Question } from '../../src/ground/contracts/bench.ts';
import { benchScoreSchema } from '../../src/ground/contracts/bench-score.ts';
import { openStream, randomKey, wilson } from '../../src/ground/math/index.ts';
import { openImages, scoreAnswers, withDigests } from '../../src/jobs/bench/index.ts';
import { letterProbabilities } from '../../src/jobs/bench/score/calibration.ts';
import { clusteredShare, sumClusters } from '../../src/jobs/bench/score/clustered-share.ts';
import { clusterByPictures } from '../../src/jobs/bench/score/clusters.ts';
import { judgeAnswer } from '../../src/jobs/bench/score/judge.ts';
import { linkByPictures, linkedShare, sumLinked } from '../../src/jobs/bench/score/linked-share.ts';
import { picture, temporaryFolder, writeFiles } from './official-folder.ts';
import { makeAnswer, makeQuestion } from './questions.ts';
import { covers, drawAnswers, drawChain, drawSizes } from './simulate.ts';

const ask = (n: number, parts: (i: number) => Parameters<typeof makeQuestion>[0] = () => ({})): Question[] =>
  Array.from({ length: n }, (_, i) => makeQuestion({ id: `f/${i}`, ...parts(i) }));

describe('outcomes', () => {
  const question = makeQuestion({ options: ['Image 1', 'Image 2', 'Image 3', 'Image 4'], correct: 'B' });
  const outcome = (answer: Answer): string => judgeAnswer(question, answer, { parser: 'strict' }).outcome;

  test('the five are told apart', () => {
    expect(outcome(makeAnswer('f/1', 'B'))).toBe('correct');
    expect(outcome(makeAnswer('f/1', 'Image 3'))).toBe('wrong');
    expect(outcome(makeAnswer('f/1', "I'm sorry, I can't help with that."))).toBe('refused');
    expect(outcome(makeAnswer('f/1', '', { refused: true }))).toBe('refused');
    expect(outcome(makeAnswer('f/1', '', { finishReason: 'content-filter' }))).toBe('refused');
    expect(outcome(makeAnswer('f/1', 'hm'))).toBe('unparsed');
    expect(outcome(makeAnswer('f/1', null))).toBe('error');
  });

  test('the official rule knows no refusals in words', () => {
    const refusal = makeAnswer('f/1', "I'm sorry, I can't help with that.");
    expect(judgeAnswer(question, refusal, { parser: 'official' }).outcome).toBe('unparsed');
    expect(judgeAnswer(question, { ...refusal, refused: true }, { parser: 'official' }).outcome).toBe('refused');
  });

  test('a rotated label is traced back to its option', () => {
    // Rotation 1 shows Image 2, 3, 4, 1 under A, B, C, D.
    const turned = (raw: string): unknown => {
      const { outcome, chosen, shown, shownCorrect } = judgeAnswer(question, makeAnswer('f/1', raw, { rotation: 1 }), {
        parser: 'strict',
      });
      return [outcome, chosen, shown, shownCorrect];
    };
    expect(turned('A')).toEqual(['correct', 'B', 'A', 'A']);
    expect(turned('D')).toEqual(['wrong', 'A', 'D', 'A']);
    expect(turned('Image 2')).toEqual(['correct', 'B', 'A', 'A']);
  });
});

describe('accuracy', () => {
  test('counts refusals and unparsed as not right, and leaves errors out', () => {
    const questions = ask(6);
    const raws = ['A', 'B', "I'm sorry, I can't assist with that.", 'hm', null, 'A'];
    const score = scoreAnswers(
      questions,
      raws.map((raw, i) => makeAnswer(`f/${i}`, raw)),
    );
    expect(score.outcomes).toEqual({ correct: 2, wrong: 1, refused: 1, unparsed: 1, error: 1 });
    expect(score.overall).toMatchObject({ value: 2 / 5, n: 5 });
    expect(score.committed).toMatchObject({ value: 2 / 3, n: 3 });
    expect(score.counts).toMatchObject({ questions: 6, unasked: 0, failed: 1, answers: 6 });
    expect(benchScoreSchema.parse(score)).toEqual(score);
  });

  test('has every group by its code', () => {
    const questions = [
      ...ask(4),
      makeQuestion({
        id: 'g/1',
        category: 'tools_use',
        task: 'tools_retrieval',
        dataset: 'FaceXAPI',
        imageCount: 'zero',
      }),
      makeQuestion({ id: 'g/2', category: 'face_recognition', task: 'hr_fr', dataset: 'LFW', paths: ['a', 'b'] }),
    ];
    const score = scoreAnswers(
      questions,
      questions.map(({ id }, i) => makeAnswer(id, i % 2 === 0 ? 'A' : 'B')),
      { parser: 'official' },
    );
    expect(score.parser).toBe('official');
    expect(score.byCategory).toMatchObject({
      bias_fairness: { value: 0.5, n: 4 },
      tools_use: { value: 1, n: 1 },
      face_recognition: { value: 0, n: 1 },
    });
    expect(Object.keys(score.byTask)).toEqual(['age', 'tools_retrieval', 'hr_fr']);
    expect(Object.keys(score.byDataset)).toEqual(['FairFace', 'FaceXAPI', 'LFW']);
    expect(Object.keys(score.byImageCount)).toEqual(['zero', 'multiple']);
    expect(score.bySetting['zero-shot']).toMatchObject({ value: 0.5, n: 6 });
  });

  test('a question asked several times counts once', () => {
    const questions = ask(2);
    const score = scoreAnswers(questions, [
      ...[0, 1, 2, 3].map(repeat => makeAnswer('f/0', repeat === 0 ? 'A' : 'B', { repeat })),
      makeAnswer('f/1', 'A'),
    ]);
    expect(score.overall).toMatchObject({ value: (0.25 + 1) / 2, n: 2 });
    expect(score.outcomes.correct).toBe(2);
  });

  test('with and without what the linter flagged', () => {
    const questions = ask(10);
    const answers = questions.map(({ id }, i) => makeAnswer(id, i < 4 ? 'B' : 'A'));
    const score = scoreAnswers(questions, answers, { flagged: new Set(['f/0', 'f/1', 'f/9', 'elsewhere']) });
    expect(score.overall).toMatchObject({ value: 0.6, n: 10 });
    expect(score.withoutFlagged).toMatchObject({ overall: { value: 5 / 7, n: 7 }, flagged: 3 });
  });

  test('answers of two models, or to another benchmark, are an error that names them', () => {
    expect(() => scoreAnswers(ask(1), [makeAnswer('g/7', 'A')])).toThrow('"g/7"');
    expect(() => scoreAnswers(ask(1), [makeAnswer('f/0', 'A'), makeAnswer('f/0', 'A', { model: 'other' })])).toThrow(
      'm, other',
    );
  });

  test('with no answers there is no number, and it says why', () => {
    expect(scoreAnswers(ask(3), []).overall).toEqual({ value: null, n: 0, interval: null, reason: 'no answers' });
  });

  test('without shared pictures the interval is that of Wilson, as good as', () => {
    const questions = ask(200);
    const score = scoreAnswers(
      questions,
      questions.map(({ id }, i) => makeAnswer(id, i < 60 ? 'A' : 'B')),
    );
    const plain = wilson(60, 200);
    expect(score.overall.interval!.low).toBeCloseTo(plain.low, 3);
    expect(score.overall.interval!.high).toBeCloseTo(plain.high, 3);
  });

  test('shared pictures widen it', () => {
    const width = (pictureOf: (i: number) => string): number => {
      const questions = ask(200, i => ({ paths: [pictureOf(i)] }));
      const score = scoreAnswers(
        questions,
        questions.map(({ id }, i) => makeAnswer(id, Math.floor(i / 5) % 2 === 0 ? 'A' : 'B')),
      );
      return score.overall.interval!.high - score.overall.interval!.low;
    };
    // Five questions to an image, all right or all wrong: a fifth of the evidence.
    expect(width(i => `${Math.floor(i / 5)}.png`) / width(i => `${i}.png`)).toBeCloseTo(Math.sqrt(5), 0);
  });
});

test('accuracy intervals cover, by simulation', () => {
  // 600 sets of 200 questions; at 93 % true coverage, fewer than 533 hits have a chance of 1 in 10,000. The slow tests look closer.
  const stream = openStream(randomKey(8));
  const sizes = drawSizes(stream, 200, 0.4);
  let hits = 0;
  for (let i = 0; i < 600; i++) {
    const observations = drawAnswers(stream, sizes, { accuracy: 0.3, correlation: 0.6 });
    if (covers(clusteredShare(observations).interval, 0.3)) hits++;
  }
  expect(hits).toBeGreaterThanOrEqual(533);
  expect(hits).toBeLessThan(594);
});

describe('clusters', () => {
  test('are linked through shared pictures, by digest or by file', () => {
    const { of, count } = clusterByPictures([
      makeQuestion({ id: 'f/1', paths: ['a', 'b'] }),
      makeQuestion({ id: 'f/2', paths: ['b', 'c'] }),
      makeQuestion({ id: 'f/3', paths: ['d'] }),
      makeQuestion({ id: 'f/4', paths: ['e', 'c'] }),
      makeQuestion({ id: 'f/5', images: [{ path: 'x', file: 'x', digest: '1' }], imageCount: 'single' }),
      makeQuestion({ id: 'f/6', images: [{ path: 'y', file: 'y', digest: '1' }], imageCount: 'single' }),
      makeQuestion({ id: 'f/7', paths: ['black'], imageCount: 'zero' }),
      makeQuestion({ id: 'f/8', paths: ['black'], imageCount: 'zero' }),
    ]);
    expect([...of.values()]).toEqual([0, 0, 1, 0, 2, 2, 3, 4]);
    expect(count).toBe(5);
  });
});

test('the same picture under two names links questions once digests are taken', async () => {
  await using folder = await temporaryFolder();
  const same = await picture(1);
  await writeFiles(folder.path, { 'a.png': same, 'b.png': same, 'c.png': await picture(2) });
  const questions = ['a', 'b', 'c', 'gone'].map(name =>
    makeQuestion({
      id: `f/${name}`,
      images: [{ path: name, file: name === 'gone' ? null : `${name}.png` }],
      imageCount: 'single',
    }),
  );
  const digested = await Array.fromAsync(withDigests(questions, openImages(folder.path)));
  expect(clusterByPictures(questions).count).toBe(4);
  expect(clusterByPictures(digested).count).toBe(3);
  expect(digested[3]).toEqual(questions[3]);
});

describe('rotations', () => {
  test('a choice by content is consistent, a choice by letter is not', () => {
    const questions = ask(30, i => ({ options: ['p', 'q', 'r', 's'], correct: 'ABCD'[i % 4]! }));
    const turns = [0, 1, 2, 3];
    const score = scoreAnswers(
      questions,
      questions.flatMap(({ id }, i) =>
        // A third always says A; the others mean option q, which is at (1 − rotation) mod 4.
        turns.map(rotation => makeAnswer(id, i % 3 === 0 ? 'A' : 'ABCD'[(5 - rotation) % 4]!, { rotation })),
      ),
    );
    expect(score.rotation?.consistent).toMatchObject({ value: 2 / 3, n: 30 });
    // q is right where i % 4 is 1 and i % 3 is not 0.
    expect(score.rotation?.allCorrect.value).toBeCloseTo(
      [...Array(30).keys()].filter(i => i % 4 === 1 && i % 3 !== 0).length / 30,
      12,
    );
  });

  test('questions that lack a rotation are not counted', () => {
    expect(
      scoreAnswers(
        ask(1),
        [0, 1, 2].map(rotation => makeAnswer('f/0', 'A', { rotation })),
      ).rotation,
    ).toBeNull();
  });
});

describe('letters', () => {
  const questions = ask(200, i => ({ correct: 'ABCD'[i % 4]! }));

  test('a model that gives one letter always is found', () => {
    const { letters } = scoreAnswers(
      questions,
      questions.map(({ id }) => makeAnswer(id, 'A')),
    );
    expect(letters.chosen.A).toMatchObject({ value: 1 });
    expect(letters.recall.B).toMatchObject({ value: 0, n: 50 });
    expect(letters.recallDeviation.value).toBeCloseTo(Math.sqrt(3) / 4, 12);
    expect(letters.test.p).toBeLessThan(1e-10);
  });

  test('a model that is wrong evenly is not', () => {
    const { letters } = scoreAnswers(
      questions,
      questions.map(({ id }, i) => makeAnswer(id, 'ABCD'[(i + 1 + (Math.floor(i / 4) % 3)) % 4]!)),
    );
    expect(letters.test.p).toBeGreaterThan(0.5);
    expect(letters.test.n).toBe(200);
  });

  test('too few wrong replies have no p-value, and it says why', () => {
    const { letters } = scoreAnswers(
      questions,
      questions.map(({ id, correct }) => makeAnswer(id, correct)),
    );
    expect(letters.test).toMatchObject({ p: null, reason: 'too few wrong replies (0)' });
  });
});

describe('calibration', () => {
  const token = (probabilities: Readonly<Record<string, number>>): NonNullable<Answer['logProbabilities']> => {
    const alternatives = Object.entries(probabilities).map(([name, p]) => ({
      token: name,
      logProbability: Math.log(p),
    }));
    return [{ ...alternatives[0]!, alternatives }];
  };

  test('adds up the spellings of a letter and makes them sum to 1', () => {
    const found = letterProbabilities(
      { logProbabilities: token({ B: 0.5, ' B': 0.1, '(A': 0.1, C: 0.1, The: 0.2 }) },
      { shown: 'B', letters: ['A', 'B', 'C', 'D'] },
    );
    expect([...found!].map(([letter, p]) => [letter, Math.round(p * 1e6) / 1e6])).toEqual([
      ['A', 0.125],
      ['B', 0.75],
      ['C', 0.125],
      ['D', 0],
    ]);
    expect(
      letterProbabilities({ logProbabilities: token({ The: 0.9 }) }, { shown: 'B', letters: ['A', 'B'] }),
    ).toBeNull();
  });

  test('error and Brier score by hand', () => {
    const questions = ask(4);
    // Right at 0.9 three times of four: the bin from 0.9 errs by 0.15; Brier is 2 · 0.1² if right, 2 · 0.9² if wrong, by two letters.
    const answers = questions.map(({ id }, i) =>
      makeAnswer(id, i < 3 ? 'A' : 'B', {
        logProbabilities: i < 3 ? token({ A: 0.9, B: 0.1 }) : token({ B: 0.9, A: 0.1 }),
      }),
    );
    const { calibration } = scoreAnswers(questions, answers);
    expect(calibration?.ece.value).toBeCloseTo(0.15, 12);
    expect(calibration?.brier.value).toBeCloseTo((3 * 2 * 0.01 + 2 * 0.81) / 4, 12);
    expect(calibration?.bins[9]).toMatchObject({ accuracy: { value: 0.75, n: 4 } });
    expect(calibration?.bins[0]).toMatchObject({ confidence: null, accuracy: { value: null } });
  });
});

describe('usage', () => {
  test('sums what is said; what is not said is missing', () => {
    const questions = ask(3);
    const answers = [
      makeAnswer('f/0', 'A', { usage: { inputTokens: 10, outputTokens: 1 }, cost: 0.5, latencyMs: 100, attempts: 1 }),
      makeAnswer('f/1', 'A', {
        usage: { inputTokens: 20, outputTokens: 3 },
        latencyMs: 300,
        attempts: 3,
        finishReason: 'length',
      }),
      makeAnswer('f/2', null),
    ];
    const { usage, counts } = scoreAnswers(questions, answers);
    expect(usage).toMatchObject({
      inputTokens: { value: 30, n: 2 },
      cost: { value: 0.5, n: 1 },
      latencyMs: { mean: { value: 200 }, p50: { value: 200 }, p99: { value: 298 } },
      attempts: { value: 2, n: 2 },
    });
    expect(counts.cutOff).toBe(1);
    expect(scoreAnswers(questions, [makeAnswer('f/0', 'A')]).usage.cost).toMatchObject({
      value: null,
      reason: 'the price is not known',
    });
  });
});

describe('questions that share pictures', () => {
  test('links join those with a picture in common, and no others', () => {
    const questions = [
      makeQuestion({ id: 'f/1', paths: ['a', 'b'] }),
      makeQuestion({ id: 'f/2', paths: ['b', 'c', 'a'] }),
      makeQuestion({ id: 'f/3', paths: ['c'] }),
      makeQuestion({ id: 'f/4', imageCount: 'zero', paths: ['black'] }),
      makeQuestion({ id: 'f/5', imageCount: 'zero', paths: ['black'] }),
    ];
    expect(linkByPictures(questions)).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  test('in groups the variance is that of clusters', () => {
    const stream = openStream(randomKey(8));
    const observations = drawAnswers(stream, [1, 3, 2, 4, 1, 1, 2], { accuracy: 0.6, correlation: 0.5 });
    const links = observations.flatMap((a, i) =>
      observations.slice(i + 1).flatMap((b, k) => (a.cluster === b.cluster ? [[i, i + 1 + k] as const] : [])),
    );
    const [linked, clustered] = [
      sumLinked(
        observations.map(({ value }) => value),
        links,
      ),
      sumClusters(observations),
    ];
    // But for the correction for few groups, which takes about as many.
    const plain = ({ variance, clusters }: typeof linked): number => variance * (1 - 1 / clusters);
    expect(plain(linked)).toBeCloseTo(plain(clustered), 12);
    expect(linked.largestDesignEffect).toBeCloseTo(clustered.largestDesignEffect, 12);
    expect(linked.independentVariance).toBeCloseTo(clustered.independentVariance, 12);
  });

  test('a chain through all questions still has an interval, wider than without it, which covers', () => {
    const links = Array.from({ length: 119 }, (_, i) => [i, i + 1] as const);
    const stream = openStream(randomKey(21));
    let hits = 0;
    for (let i = 0; i < 400; i++) hits += covers(linkedShare(drawChain(stream, 120, 0.7), links).interval, 0.7) ? 1 : 0;
    // Binomial(400, 0.95): 3.5 standard deviations below.
    expect(hits / 400).toBeGreaterThan(0.91);
    expect(linkedShare([], [])).toMatchObject({ value: null, n: 0 });
    expect(
      linkedShare(
        Array.from({ length: 250 }, () => 1),
        [],
      ).interval?.high,
    ).toBe(1);
    expect(linkedShare([1, 0], [[0, 1]]).interval).toBeNull();
  });

  test('tasks are scored by what their own questions share', () => {
    const questions = [
      ...ask(20, i => ({ task: 'age', paths: [`${i}`] })),
      ...Array.from({ length: 20 }, (_, i) =>
        makeQuestion({ id: `g/${i}`, task: 'gender', paths: [`${i}`, `${i + 1}`] }),
      ),
    ];
    const score = scoreAnswers(
      questions,
      questions.map(({ id }, i) => makeAnswer(id, i % 3 === 0 ? 'A' : 'B')),
    );
    // Faces of the one task stand in the other, so that all hang together; the age questions do not.
    expect(score.counts.clusters).toBe(1);
    expect(score.byTask.age?.interval).toMatchObject({ method: 'wilson-linked' });
    const { low, high } = linkedShare(
      questions.slice(0, 20).map((_, i) => (i % 3 === 0 ? 1 : 0)),
      [],
    ).interval!;
    expect(score.byTask.age?.interval).toMatchObject({ low, high });
    expect(score.overall.interval).not.toBeNull();
  });
});
