import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { flattenUpdate } from '../../src/jobs/federated/rules/check-update.ts';
import { type Combination, checkCombination } from '../../src/jobs/federated/rules/combinations.ts';
import { combineUpdates, mostPoisoned, RULES, rankByKrum } from '../../src/jobs/federated/rules/robust.ts';
import { correctionOf, nextServerVariate, nextVariate } from '../../src/jobs/federated/rules/scaffold.ts';
import {
  SERVER_DEFAULTS,
  type ServerOptimiserName,
  serverStep,
  startMemory,
} from '../../src/jobs/federated/rules/server-optimiser.ts';
import { float32, ParameterSet } from '../../src/kit/tensor/index.ts';

/**
 * Two steps with changes .5 and −.2 from weight 1, β₁ .9, β₂ .99, τ .001, η .1. The adaptive ones by Python's floats from algorithm 2 as it is
 * printed: m = .9·m + .1·d; v = v + d², .99·v + .01·d², v − .01·d²·sign(v − d²) from v = 1e-6; w += .1·m / (sqrt(v) + 1e-3).
 */
const TWO_STEPS: readonly [ServerOptimiserName, number, number][] = [
  ['none', 1.05, 1.03],
  // m: .5, .25
  ['momentum', 1.05, 1.075],
  ['adagrad', 1.00998002, 1.01461379],
  ['adam', 1.09802019, 1.14378413],
  ['yogi', 1.09802, 1.14358977],
];

test.each(TWO_STEPS)('server optimiser %s: two steps by hand', (name, first, second) => {
  const optimiser = { ...SERVER_DEFAULTS, name, learningRate: 0.1 };
  const start = { weights: Float32Array.of(1), memory: startMemory(optimiser, 1) };
  const one = serverStep(optimiser, { ...start, change: Float64Array.of(0.5) });
  const two = serverStep(optimiser, { ...one, change: Float64Array.of(-0.2) });
  expect(one.weights[0]).toBeCloseTo(first, 6);
  expect(two.weights[0]).toBeCloseTo(second, 6);
  expect(start.weights[0]).toBe(1);
});

test('Yogi lets its second moment fall where Adam forgets', () => {
  const optimiser = { ...SERVER_DEFAULTS, name: 'yogi' as const, learningRate: 1 };
  const memory = { first: Float64Array.of(0), second: Float64Array.of(4) };
  const { memory: next } = serverStep(optimiser, { weights: Float32Array.of(0), change: Float64Array.of(1), memory });
  // 4 − .01·1·sign(4 − 1)
  expect(next.second![0]).toBeCloseTo(3.99, 12);
});

describe('robust rules', () => {
  const updates = [
    [1, 10],
    [2, 11],
    [3, 12],
    [4, 13],
    [100, -900],
  ].map(values => Float32Array.from(values));

  test('by hand', () => {
    const combine = (rule: (typeof RULES)[number], poisoned = 1) => [...combineUpdates(updates, { rule, poisoned })];
    expect(combine('mean')).toEqual([22, -170.8]);
    expect(combine('median')).toEqual([3, 11]);
    expect(combine('trimmed-mean')).toEqual([3, 11]);
    // Of the first four, squared distances to the two nearest: 2+8, 2+2, 2+2, 2+8.
    expect(rankByKrum(updates, 1)).toEqual([1, 2, 0, 3, 4]);
    expect(combine('krum')).toEqual([2, 11]);
    expect(combine('multi-krum')).toEqual([2.5, 11.5]);
  });

  test('poisoned f of n: the mean fails, the others hold', () => {
    const stream = openStream(randomKey(3));
    const [n, f, size] = [11, 4, 200];
    const set = Array.from({ length: n }, (_, i) =>
      Float32Array.from({ length: size }, () => (i < f ? 50 : 1 + 0.1 * stream.normal())),
    );
    const far = (rule: (typeof RULES)[number]) =>
      Math.max(...combineUpdates(set, { rule, poisoned: f }).map(value => Math.abs(value - 1)));
    expect(far('mean')).toBeGreaterThan(10);
    for (const rule of RULES.slice(1)) expect(far(rule), rule).toBeLessThan(0.7);
  });

  test('more poisoned than a rule stands is refused', () => {
    expect(mostPoisoned('krum', 11)).toBe(4);
    expect(() => combineUpdates(updates, { rule: 'krum', poisoned: 2 })).toThrow(
      /of 5 updates at most 1 may be poisoned/,
    );
    expect(() => combineUpdates(updates, { rule: 'median', poisoned: 3 })).toThrow(/at most 2/);
    expect(() => combineUpdates([], { rule: 'mean', poisoned: 0 })).toThrow(/there is no update/);
  });
});

test('SCAFFOLD by hand: variates of two clients of three', () => {
  const server = Float32Array.of(0.3);
  const correction = correctionOf(server, Float32Array.of(0.1));
  expect(correction[0]).toBeCloseTo(0.2, 6);
  // y − x = −.5 after 10 steps of η = .1: cᵢ⁺ = .1 − .3 + .5/1 = .3
  const after = nextVariate(correction, { change: Float32Array.of(-0.5), steps: 10, learningRate: 0.1 });
  expect(after[0]).toBeCloseTo(0.3, 6);
  const fresh = nextVariate(correctionOf(server, null), { change: Float32Array.of(-1), steps: 10, learningRate: 0.1 });
  // 0 − .3 + 1 = .7
  expect(fresh[0]).toBeCloseTo(0.7, 6);
  const next = nextServerVariate(
    server,
    [
      { before: Float32Array.of(0.1), after },
      { before: null, after: fresh },
    ],
    3,
  );
  expect(next[0]).toBeCloseTo(0.3 + (0.2 + 0.7) / 3, 6);
});

describe('combinations that cannot work', () => {
  const plain: Combination = {
    hidden: false,
    rule: 'mean',
    algorithm: 'fedavg',
    weighting: 'examples',
    isPrivate: false,
  };
  test.each<[string, Partial<Combination>, RegExp]>([
    ['a robust rule over hidden updates', { hidden: true, rule: 'krum' }, /"rule": .*secure aggregation hides them/],
    ['SCAFFOLD beside masked updates', { hidden: true, algorithm: 'scaffold' }, /"algorithm": .*control variates/],
    ['example weights with noise', { isPrivate: true }, /"weighting": .*no bounded influence/],
    ['SCAFFOLD with noise', { isPrivate: true, weighting: 'equal', algorithm: 'scaffold' }, /released without noise/],
    [
      'a robust rule with noise',
      { isPrivate: true, weighting: 'equal', rule: 'median' },
      /sensitivity of a robust rule/,
    ],
    ['batch statistics of one person', { batchNormalisation: true, onePersonEach: true }, /describe that person/],
  ])('%s', (_, given, reason) => {
    expect(() => checkCombination({ ...plain, ...given })).toThrow(reason);
  });
  test('others are taken', () => {
    expect(() => checkCombination(plain)).not.toThrow();
    expect(() => checkCombination({ ...plain, hidden: true, isPrivate: true, weighting: 'equal' })).not.toThrow();
  });
});

describe('an update of a stranger', () => {
  const parameters = new ParameterSet([
    { name: 'w', shape: [2, 2], start: { kind: 'constant', value: 0 } },
    { name: 'b', shape: [2], start: { kind: 'constant', value: 0 } },
  ]);
  const good = { w: float32(new Float32Array(4), [2, 2]), b: float32(new Float32Array(2), [2]) };
  const send = (tensors: Record<string, (typeof good)['w']>, examples = 3) =>
    flattenUpdate(parameters, { tensors, examples }, 'client c4');

  test('what fits is taken', () => expect(send(good)).toHaveLength(6));
  test.each<[string, () => unknown, RegExp]>([
    [
      'NaN',
      () => send({ ...good, b: float32(Float32Array.of(0, Number.NaN), [2]) }),
      /client c4: tensor "b" has NaN at 1/,
    ],
    [
      'infinity',
      () => send({ ...good, w: float32(Float32Array.of(0, 0, -Infinity, 0), [2, 2]) }),
      /"w" has -Infinity at 2/,
    ],
    ['a missing tensor', () => send({ w: good.w }), /client c4: tensor "b" is missing/],
    ['one too many', () => send({ ...good, extra: good.b }), /client c4: tensor "extra" is none of the network/],
    [
      'another shape',
      () => send({ ...good, w: float32(new Float32Array(4), [4]) }),
      /"w" expected float32 \[2, 2\], got float32 \[4\]/,
    ],
    [
      'another type',
      () => send({ ...good, b: { dtype: 'int32', shape: [2], data: new Int32Array(2) } as never }),
      /"b" expected float32 \[2\], got int32/,
    ],
    ['no examples', () => send(good, 0), /client c4: "examples" expected a whole number from 1/],
    ['a negative weight', () => send(good, -5), /"examples" expected/],
    ['a huge weight', () => send(good, 1e300), /"examples" expected/],
  ])('%s is refused by name', (_, given, reason) => expect(given).toThrow(reason));
});
