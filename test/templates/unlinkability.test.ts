import { describe, expect, test } from 'vitest';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  type CrossedScores,
  linkabilityNull,
  linkabilityNullOfPeople,
  linkageDensities,
  localLinkability,
  maximalLinkability,
  splitCrossed,
  systemLinkability,
} from '../../src/jobs/templates/index.ts';

const normal = (x: number, mean: number): number => Math.exp(-((x - mean) ** 2) / 2) / Math.sqrt(2 * Math.PI);

/** D↔sys of N(μ, 1) against N(0, 1) by numerical integration in double precision (SciPy's quad gives the same to six places). */
const VECTORS = [
  [0.25, 0.057432],
  [0.5, 0.128179],
  [1, 0.29349],
  [2, 0.616545],
  [3, 0.834572],
  [5, 0.984314],
] as const;

test.each(VECTORS)('D↔sys of normal scores %f apart is %f', (mean, expected) => {
  const edges = Array.from({ length: 20_001 }, (_, i) => -10 + i / 800);
  const middles = edges.slice(1).map((edge, i) => (edge + edges[i]!) / 2);
  const densities = {
    edges,
    mated: middles.map(x => normal(x, mean)),
    nonMated: middles.map(x => normal(x, 0)),
  };
  expect(Math.abs(systemLinkability(densities) - expected)).toBeLessThan(1e-4);
});

describe('scores of samples', () => {
  const draw = (name: string, n: number, mean: number) => {
    const stream = openStream(foldIn(randomKey(11), name));
    return Float64Array.from({ length: n }, () => mean + stream.normal());
  };

  test('D↔ of a score is 0 where it speaks for different people and 1 where only one person gives it', () => {
    expect(localLinkability(1, 2)).toBe(0);
    expect(localLinkability(0.5, 0)).toBe(1);
    expect(localLinkability(0, 0)).toBe(0);
    expect(localLinkability(3, 1)).toBeCloseTo(0.5, 12);
    expect(localLinkability(1, 1, 3)).toBeCloseTo(0.5, 12);
  });

  test('samples of one distribution give what chance gives, not 0, and lie inside the null', () => {
    // Two samples of 1,000 of one distribution: about .088.
    const [mated, nonMated] = [draw('g', 1000, 0), draw('h', 1000, 0)];
    const own = systemLinkability(linkageDensities(mated, nonMated));
    expect(own).toBeGreaterThan(0.05);
    expect(own).toBeLessThan(0.13);
    const chance = linkabilityNull(mated, nonMated, { stream: openStream(randomKey(1)) });
    expect(own).toBeLessThanOrEqual(chance.q95);
    expect(chance.mean).toBeLessThan(chance.q95);
  });

  test('the null is not passed by scores that do link', () => {
    const [mated, nonMated] = [draw('c', 1000, 0.5), draw('d', 4000, 0)];
    const own = systemLinkability(linkageDensities(mated, nonMated));
    const chance = linkabilityNull(mated, nonMated, { stream: openStream(randomKey(2)), permutations: 100 });
    expect(own).toBeGreaterThan(chance.q95 + 0.05);
  });

  test('over 60 pairs of samples of one distribution the null is left about as often as it says', () => {
    let left = 0;
    for (let trial = 0; trial < 60; trial++) {
      const [mated, nonMated] = [draw(`m${trial}`, 300, 0), draw(`n${trial}`, 900, 0)];
      const chance = linkabilityNull(mated, nonMated, { stream: openStream(randomKey(trial)), permutations: 99 });
      if (systemLinkability(linkageDensities(mated, nonMated)) > chance.q95) left++;
    }
    // Binomial(60, 0.05): 10 or more have a probability below 0.001.
    expect(left).toBeLessThan(10);
  });

  test('maximal linkability is 0 bits for one distribution of a constant, 1 bit for scores apart', () => {
    expect(maximalLinkability([1, 1, 1], [1, 1])).toBe(0);
    expect(maximalLinkability([0, 0.1], [5, 5.1])).toBeCloseTo(1, 9);
  });

  test('too few scores are refused', () => {
    expect(() => linkageDensities([1, 2], draw('e', 100, 0))).toThrow('20 mated');
  });
});

describe('chance over people', () => {
  /** Templates that tell a person wholly, of people with so many images each. */
  function linked(counts: readonly number[]): CrossedScores {
    const owner = counts.flatMap((count, person) => Array<number>(count).fill(person));
    const stream = openStream(randomKey(5));
    return {
      scores: Float64Array.from(
        { length: owner.length ** 2 },
        (_, at) => (owner[Math.floor(at / owner.length)] === owner[at % owner.length] ? 5 : 0) + stream.normal(),
      ),
      items: counts.map((_, person) => owner.flatMap((who, item) => (who === person ? [item] : []))),
    };
  }

  test.each([
    [[5, 5, 5, 5, 5]],
    [[4, 2, 2, 2, 2]],
    [[6, 2, 2, 2, 2, ...Array<number>(30).fill(1)]],
    [Array<number>(20).fill(3)],
  ])('what links lies above it, however few people have several images: %j', counts => {
    const crossed = linked(counts);
    const { mated, nonMated } = splitCrossed(crossed, [...counts.keys()]);
    const own = systemLinkability(linkageDensities(mated, nonMated));
    const chance = linkabilityNullOfPeople(crossed, { stream: openStream(randomKey(6)) });
    expect(own).toBeGreaterThan(chance.q95);
  });

  test.each([
    [[8, 8], '5 people with two images each, got 2'],
    [[8, 8, 8, 8, 1, 1, 1], '5 people with two images each, got 4'],
    [[2, 2, 2, 2, 2], '20 mated'],
  ])('%j: too few to tell are refused, as chance would hide any linkability', (counts, message) => {
    expect(() => linkabilityNullOfPeople(linked(counts), { stream: openStream(randomKey(6)) })).toThrow(message);
  });
});
