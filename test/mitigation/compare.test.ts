import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomKey } from '../../src/ground/math/index.ts';
import { createModel } from '../../src/jobs/generators/index.ts';
import { acceptanceRates } from '../../src/jobs/mitigation/compare/acceptance.ts';
import { trainNoisyClassifier } from '../../src/jobs/mitigation/compare/noisy-classifier.ts';
import { openRepulsion } from '../../src/jobs/mitigation/compare/repulsion.ts';
import { toModel } from '../../src/jobs/mitigation/sample.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { drawDiscs, SIDE } from './small.ts';

const shares = (n: number) =>
  fc
    .array(fc.integer({ min: 10, max: 100 }), { minLength: n, maxLength: n })
    .map(weights => weights.map(weight => weight / weights.reduce((a, b) => a + b, 0)));

describe('rejection', () => {
  test('keeps samples so that their true mix is the target, whatever the classifier confuses', () => {
    fc.assert(
      fc.property(shares(3), shares(3), fc.double({ min: 0.9, max: 1, noNaN: true }), (mix, target, right) => {
        const confusion = mix.map((_, i) => mix.map((_, j) => (i === j ? right : (1 - right) / 2)));
        const rates = acceptanceRates(mix, target, confusion);
        // A class that would have to be kept less than never cannot be met exactly.
        fc.pre(rates.every(rate => rate > 0));
        const kept = mix.map((share, j) => share * rates.reduce((sum, rate, i) => sum + rate * confusion[i]![j]!, 0));
        const sum = kept.reduce((a, b) => a + b, 0);
        kept.forEach((share, j) => {
          expect(share / sum).toBeCloseTo(target[j]!, 9);
        });
        expect(Math.max(...rates)).toBe(1);
      }),
    );
  });

  test('keeps all of a class that never occurs, and all when there is nothing to mend', () => {
    expect(acceptanceRates([0.8, 0.2, 0], [0.4, 0.4, 0.2], null)).toEqual([0.25, 1, 1]);
    expect(acceptanceRates([0.3, 0.7], [0.3, 0.7], null)).toEqual([1, 1]);
  });
});

describe('guidance', () => {
  const discs = drawDiscs(120, { warm: 0.5, seed: 4 });
  const pictures = toModel(discs.images);
  const size = 3 * SIDE * SIDE;

  test('turns a copy away until it resembles its source no more than others do, and leaves others alone', () => {
    const repulsion = openRepulsion(pictures, SIDE);
    expect(repulsion.limit).toBeLessThan(1);
    const copy = pictures.slice(0, size);
    const change = repulsion.correct(copy);
    expect(change.some(value => value !== 0)).toBe(true);
    const moved = copy.map((value, i) => value + change[i]!);
    // What is taken away along the source leaves nothing above the limit in that direction but what the length lost.
    const again = repulsion.correct(moved);
    const length = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    expect(length(again)).toBeLessThan(length(change));
    const other = toModel(drawDiscs(200, { warm: 0.5, seed: 99 }).images);
    const quiet = Array.from({ length: 200 }, (_, i) => repulsion.correct(other.slice(i * size, (i + 1) * size)));
    expect(quiet.filter(values => values.every(value => value === 0)).length).toBeGreaterThan(40);
  });

  test('changes noisy pictures toward the class that is asked for', async () => {
    const runtime = await openRuntime({ device: 'cpu', threads: 1 });
    try {
      const classifier = await trainNoisyClassifier(runtime, pictures, {
        model: createModel({ size: SIDE, blockChannels: [8], attentionStages: [], seed: 1 }),
        attributes: [{ classes: 2, labels: discs.kinds.map(kind => (kind === 'warm' ? 0 : 1)) }],
        key: randomKey(1),
      });
      const some = pictures.slice(0, 32 * size);
      const warmer = await classifier.gradient(some, 0.1, [new Array<number>(32).fill(0)]);
      const colder = await classifier.gradient(some, 0.1, [new Array<number>(32).fill(1)]);
      // Red less blue, summed over the pictures.
      const warmth = (values: Float32Array) =>
        values.reduce((sum, value, i) => {
          const channel = Math.floor((i % size) / SIDE ** 2);
          return sum + (channel === 0 ? value : channel === 2 ? -value : 0);
        }, 0);
      expect(warmth(warmer)).toBeGreaterThan(0);
      expect(warmth(colder)).toBeLessThan(0);
      await classifier.close();
    } finally {
      await runtime.close();
    }
  }, 60_000);
});
