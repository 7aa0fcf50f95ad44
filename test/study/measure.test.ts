import { describe, expect, test } from 'vitest';
import type { AttributeBias, Metric, StudyResult } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { compareKinds, differenceOf, measureGenerator } from '../../src/jobs/study/measure.ts';
import { drawTrainingBatch, toPixels } from '../../src/jobs/study/pictures.ts';
import { chooseSizes } from '../../src/jobs/study/prepare.ts';
import { writeStudyVerdict } from '../../src/jobs/study/verdict.ts';

const key = randomKey(1);
const repeat = (name: string, n: number): string[] => Array.from({ length: n }, () => name);

describe('bias of a generator', () => {
  // 80 % of 1,000 pictures are a; the classifier takes a tenth of either class for the other: it says 74 % (.8 · .9 + .2 · .1).
  const labels = [...repeat('a', 800), ...repeat('b', 200)];
  const predicted = labels.map((label, i) => (i % 10 === 0 ? (label === 'a' ? 'b' : 'a') : label));
  const attribute = { name: 'kind', classes: ['a', 'b'], classifier: 'c', labels, predicted };
  const subset = Array.from({ length: 1000 }, (_, i) => i).filter(i => i % 2 === 0);

  test('is that of its samples after the classifier’s errors', () => {
    const samples = [...repeat('a', 740), ...repeat('b', 260)];
    const bias = measureGenerator(attribute, { subset, samples, key });
    expect(bias.training.a).toMatchObject({ value: 0.8, n: 500 });
    expect(bias.generated.a).toMatchObject({ value: 0.74, n: 1000 });
    expect(bias.corrected?.generated.a?.value).toBeCloseTo(0.8, 10);
    expect(bias.amplification.value).toBeCloseTo(1, 10);
    // The two-sample test compares what the classifier says of both: of every second picture it says .8 · .8 + .2 · .2 = 68 %.
    expect(bias.amplification.p).toBeLessThan(0.05);
  });

  test('is told from another generator’s', () => {
    const side = (kind: 'gan' | 'diffusion', a: number) => {
      const samples = [...repeat('a', a), ...repeat('b', 1000 - a)];
      return { kind, samples, bias: measureGenerator(attribute, { subset, samples, key }) };
    };
    const compared = compareKinds(attribute, { size: 500, sides: [side('gan', 740), side('diffusion', 820)], key });
    expect(compared).toMatchObject({ attribute: 'kind', size: 500, first: 'gan', second: 'diffusion' });
    // .82 says (.82 − .1) / .8 = .9 of class a: .4 from the target, where the training pictures are .3.
    expect(compared.difference.value).toBeCloseTo(1 - 4 / 3, 8);
    expect(compared.difference.interval!.high).toBeLessThan(0);
    expect(compared.p).toBeLessThan(1e-4);
  });
});

describe('a difference of two metrics', () => {
  const metric = (value: number, low: number, high: number): Metric => ({
    value,
    n: 100,
    interval: { low, high, confidence: 0.95, method: 'wilson' },
  });

  test('has the interval of Zou and Donner', () => {
    // Newcombe, Statistics in Medicine 17 (1998), table II, method 10: 56/70 against 48/80 from Wilson intervals gives .0524 to .3339.
    const difference = differenceOf(metric(0.8, 0.6917, 0.8766), metric(0.6, 0.4905, 0.7003));
    expect(difference.value).toBeCloseTo(0.2, 12);
    expect(difference.interval?.low).toBeCloseTo(0.0524, 3);
    expect(difference.interval?.high).toBeCloseTo(0.3339, 3);
  });

  test('is missing where one of them is', () => {
    const missing: Metric = { value: null, n: 3, interval: null, reason: 'no skew' };
    expect(differenceOf(metric(1, 0, 2), missing)).toMatchObject({ value: null, reason: 'no skew' });
    expect(differenceOf(missing, metric(1, 0, 2))).toMatchObject({ value: null, reason: 'no skew' });
  });
});

describe('training batches', () => {
  const side = 4;
  /** Picture i is i on its left half and 100 + i on its right half. */
  const pixels = Uint8Array.from(
    { length: 10 * 48 },
    (_, at) => Math.floor(at / 48) + (Math.floor(at / 3) % 4 < 2 ? 0 : 100),
  );
  const subset = [1, 3, 4, 8, 9];
  const draw = (step: number) => drawTrainingBatch({ side, pixels }, { key, subset, step, batchSize: 4 });
  const pictures = (batch: Float32Array) => Array.from({ length: batch.length / 48 }, (_, i) => i * 48);
  const nameOf = (batch: Float32Array, at: number) => {
    const ends = [batch[at]!, batch[at + 3]!].map(value => Math.round((value + 1) * 127.5));
    return { picture: Math.min(...ends), mirrored: ends[0]! > ends[1]! };
  };

  test('show every picture of the subset once in each pass', () => {
    const shown = Array.from({ length: 10 }, (_, step) => draw(step)).flatMap(batch =>
      pictures(batch).map(at => nameOf(batch, at)),
    );
    for (let pass = 0; pass < 8; pass++) {
      const seen = shown.slice(pass * 5, pass * 5 + 5).map(({ picture }) => picture);
      expect(seen.sort()).toEqual(subset);
    }
    const mirrored = shown.filter(one => one.mirrored).length;
    // Binomial(40, ½): 20 with a deviation of 3.2; four of them.
    expect(Math.abs(mirrored - 20)).toBeLessThan(13);
  });

  test('depend on the key and the step alone', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('are pixels again after the way back', () => {
    const { pixels: back } = toPixels(
      Float32Array.from({ length: 48 }, (_, i) => (i % 16) / 7.5 - 1),
      side,
    );
    expect([...back.subarray(0, 6)]).toEqual([0, 0, 0, 17, 17, 17]);
  });
});

test('sizes larger than the folder are left out, all of them are refused', () => {
  const folder = { n: 500, source: 'faces' };
  expect(chooseSizes([1000, 300, 100, 300], folder)).toEqual({
    sizes: [100, 300],
    refused: [{ size: 1000, reason: 'faces has 500 images' }],
  });
  expect(() => chooseSizes([600, 501], folder)).toThrow(
    '"sizes" expected one of at most 500, the images of faces, got 501',
  );
});

describe('the verdict', () => {
  const bias = (amplification: readonly [number, number, number], p: number): AttributeBias => {
    const attribute = { name: 'tone', classes: ['a', 'b'], classifier: 'c', labels: repeat('a', 9), predicted: [] };
    const found = measureGenerator(attribute, { subset: [0], samples: ['a'], key: openStream(key).key });
    const [value, low, high] = amplification;
    const interval = { low, high, confidence: 0.95, method: 'bootstrap' };
    return { ...found, amplification: { value, n: 9, interval, p, test: 'fisher-exact' } };
  };
  const result = (size: number, tone: AttributeBias): StudyResult => ({
    kind: 'diffusion',
    size,
    training: { parameters: 1, steps: 1, batchSize: 1, epochs: 1, seconds: 1 },
    samples: 9,
    unclassified: 0,
    sheet: 's.png',
    attributes: { tone },
  });
  const verdict = (results: readonly StudyResult[]) =>
    writeStudyVerdict(results, { attributes: ['tone'], kinds: ['diffusion'] })[0];

  test('names the sizes at which the skew is worse', () => {
    const results = [
      result(300, bias([1.5, 1.2, 1.9], 0.001)),
      result(700, bias([1.4, 1.1, 1.8], 0.002)),
      result(5000, bias([1, 0.8, 1.2], 0.9)),
    ];
    expect(verdict(results)).toEqual({
      subject: 'tone, diffusion model',
      level: 'bad',
      headline: 'The diffusion model trained on 300 and 700 images makes the skew in tone worse.',
      certainty:
        'Distance from the target over that of the training images, by size: 300: 1.50 (1.20 to 1.90), 700: 1.40 (1.10 to 1.80), 5000: 1.00 (0.80 to 1.20).',
    });
  });

  test('does not call what only one of many tests says', () => {
    const chance = bias([1.4, 1.1, 1.8], 0.04);
    const nothing = bias([1, 0.8, 1.2], 0.6);
    expect(verdict([result(1, chance), result(2, nothing), result(3, nothing)])?.level).toBe('good');
    expect(verdict([result(1, chance)])?.level).toBe('bad');
  });

  test('says when a mix is milder', () => {
    const found = verdict([result(100, bias([0.5, 0.3, 0.7], 0.001))]);
    expect(found).toMatchObject({ level: 'warning', headline: expect.stringContaining('nearer to the target') });
  });
});
