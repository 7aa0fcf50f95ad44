import { describe, expect, test } from 'vitest';
import {
  clipJointly,
  empiricalEpsilon,
  type IntegerSampler,
  leastEpsilon,
  openDiscreteGaussian,
  type PrivacyEvent,
  privacyEvent,
  spentOf,
} from '../../src/kit/privacy/index.ts';
import { fixedIntegers } from './vectors.ts';

/**
 * One round of averaging the updates of clients, each of 16 tensors, with noise; done right, and with the faults that others have shipped. The
 * ledger always says the same of it.
 */
const CLIENTS = 8;
const TENSORS = 16;
const CLIP = 1;
const NOISE = 0.5;
const STEPS_OF_LATTICE = 2 ** 10;
const DELTA = 1e-5;
const RUNS = 2000;

const ledger: readonly PrivacyEvent[] = [
  privacyEvent({
    mechanism: 'discrete-gaussian',
    unit: 'client',
    purpose: 'update',
    released: 'mean of clipped updates',
    to: 'server',
    noiseStdDev: NOISE * CLIP * STEPS_OF_LATTICE,
    // Sixteen coordinates, each rounded by up to half a step.
    sensitivity: CLIP * STEPS_OF_LATTICE + 2,
  }),
];
const promised = leastEpsilon(spentOf(ledger, { delta: DELTA }));

interface Round {
  readonly clip: (tensors: readonly Float32Array[]) => void;
  /** Deviation of the noise on the sum. */
  readonly noiseStdDev: number;
  readonly seed: number;
}

const RIGHT: Round = { clip: tensors => void clipJointly(tensors, CLIP), noiseStdDev: NOISE * CLIP, seed: 1 };

/** A client whose update is as far out as can be, in a direction that the attacker knows. */
const loud = () => Array.from({ length: TENSORS }, () => Float32Array.of(40));
const quiet = () => Array.from({ length: TENSORS }, () => new Float32Array(1));

/** The released mean, projected on the attacker's direction. */
function release(withMember: boolean, { clip }: Round, sample: IntegerSampler): number {
  let projected = 0;
  for (let client = 0; client < (withMember ? CLIENTS : CLIENTS - 1); client++) {
    const update = client === CLIENTS - 1 ? loud() : quiet();
    clip(update);
    for (const [value] of update) projected += Math.round(value! * STEPS_OF_LATTICE);
  }
  for (let i = 0; i < TENSORS; i++) projected += sample();
  return projected / STEPS_OF_LATTICE / CLIENTS;
}

function audit(round: Round) {
  const sample = openDiscreteGaussian((round.noiseStdDev * STEPS_OF_LATTICE) ** 2, fixedIntegers(round.seed));
  const runs = (withMember: boolean) => Array.from({ length: RUNS }, () => release(withMember, round, sample));
  return empiricalEpsilon({ without: runs(false), withMember: runs(true) }, { delta: DELTA });
}

describe('an attack on one’s own release', () => {
  test('finds nothing in a right one, and comes near to its ε', () => {
    const { epsilon, gaussianEpsilon, confidence } = audit(RIGHT);
    expect(confidence).toBe(0.999);
    expect(epsilon).toBeLessThan(promised);
    expect(gaussianEpsilon).toBeLessThan(promised);
    expect(gaussianEpsilon).toBeGreaterThan(0.6 * promised);
  });

  test.each<[string, Partial<Round>]>([
    ['half the noise', { noiseStdDev: (NOISE * CLIP) / 2 }],
    ['a variance passed as a deviation', { noiseStdDev: NOISE ** 2 }],
    [
      'noise after averaging, of the mean of all who could have come and not of those who came',
      { noiseStdDev: (NOISE * CLIP) / 3 },
    ],
    ['clipping by tensor', { clip: tensors => tensors.forEach(tensor => void clipJointly([tensor], CLIP)) }],
    ['no clipping at all', { clip: () => {} }],
  ])('finds %s', (_, fault) => {
    const { gaussianEpsilon } = audit({ ...RIGHT, ...fault });
    expect(gaussianEpsilon).toBeGreaterThan(promised);
  });

  test('needs to know nothing of the mechanism', () => {
    const without = Array.from({ length: 20_000 }, (_, i) => i % 7);
    // With the member every other run gives 6: four times as often as without, and the rest half as often.
    const withMember = without.map((score, i) => (i % 4 < 2 ? 6 : score));
    const { epsilon } = empiricalEpsilon({ without, withMember }, { delta: 1e-9 });
    expect(epsilon).toBeGreaterThan(1.25);
    expect(epsilon).toBeLessThan(Math.log(4));
    expect(() => empiricalEpsilon({ without: [1], withMember: [2] }, { delta: 0.1 })).toThrow('400 runs');
  });
});

describe('a ledger', () => {
  test('does not take an ε that somebody added up, and tells what it really was', () => {
    const round = { ...ledger[0]!, steps: 1 } as PrivacyEvent;
    const rounds = Array.from({ length: 40 }, () => round);
    const one = leastEpsilon(spentOf([round], { delta: DELTA }));
    const all = leastEpsilon(spentOf(rounds, { delta: DELTA }));
    // Adding up says 40 times ε at a δ that is 40 times as large: another promise, and a worse one than what holds.
    expect(all).toBeLessThan(0.75 * 40 * one);
    expect(all).toBeGreaterThan(Math.sqrt(40) * one);
    expect(() => privacyEvent({ ...round, epsilon: 40 * one } as never)).toThrow('epsilon');
  });

  test('tells a mean’s noise from a sum’s', () => {
    const mean = { ...ledger[0]!, noiseStdDev: 0.8, sensitivity: 1 / CLIENTS } as PrivacyEvent;
    const sum = { ...ledger[0]!, noiseStdDev: 0.8, sensitivity: 1 } as PrivacyEvent;
    const [ofMean, ofSum] = [mean, sum].map(event => spentOf([event], { delta: DELTA }).epsilon.rdp);
    expect(ofSum!).toBeGreaterThan(5 * ofMean!);
  });
});
