import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalUpperQuantile } from '../../src/ground/math/normal-quantile.ts';
import { philoxBlock } from '../../src/ground/math/philox.ts';
import { foldIn, openStream, RandomStream, randomKey, restoreStream } from '../../src/ground/math/random.ts';

/** Kolmogorov-Smirnov distance of a sample from a distribution function, times √n. */
function ksStatistic(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  let distance = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    distance = Math.max(distance, p - i / sorted.length, (i + 1) / sorted.length - p);
  });
  return distance * Math.sqrt(sorted.length);
}

/** √n·D exceeds this with probability 2·exp(−2·2.5²) = 7.5e-6 for a random seed. */
const KS_BOUND = 2.5;

function chiSquareOf(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The chance of a false alarm of each χ² check for a random seed is below 1e-5: mean + 6 deviations, χ² with ≥ 20 degrees. */
function chiSquareBound(degrees: number): number {
  return degrees + 6 * Math.sqrt(2 * degrees);
}

describe('Philox4x32-10', () => {
  // Known-answer vectors of Random123 1.14, tests/kat_vectors, lines "philox4x32 10".
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], block: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      block: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      block: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('counter $counter', ({ counter, key, block }) => {
    const out = new Uint32Array(4);
    philoxBlock(out, counter[0]!, counter[1]!, counter[2]!, counter[3]!, key[0]!, key[1]!);
    expect([...out]).toEqual(block);
  });
});

describe('keys', () => {
  test('a seed is split into two words', () => {
    expect(randomKey(2 ** 53 - 1)).toEqual({ high: 0x1fffff, low: 0xffffffff });
    expect(() => randomKey(-1)).toThrow('"seed" expected a whole number of at least 0, got -1');
    expect(() => randomKey(2 ** 53)).toThrow('"seed"');
    expect(() => randomKey(0.5)).toThrow('"seed"');
  });

  test('different names, chains and numbers give different keys', () => {
    const root = randomKey(3);
    const keys = [
      root,
      foldIn(root, ''),
      foldIn(root, 'a'),
      foldIn(root, 'a\0'),
      foldIn(root, '12345678'),
      foldIn(root, '12345678a'),
      foldIn(foldIn(root, '12345678'), 'a'),
      foldIn(root, 0),
      foldIn(root, 1),
      foldIn(root, '1'),
      foldIn(root, 2 ** 32),
      foldIn(root, 'é'),
      foldIn(root, 'e\u0301'),
      foldIn(randomKey(4), 'a'),
    ];
    expect(new Set(keys.map(key => JSON.stringify(key))).size).toBe(keys.length);
    expect(() => foldIn(root, -1)).toThrow('"data"');
    expect(() => foldIn(root, Number.NaN)).toThrow('"data"');
  });

  test('a sub-stream does not depend on what was drawn elsewhere', () => {
    const alone = openStream(foldIn(randomKey(5), 'faces')).uniform();
    const root = openStream(randomKey(5));
    for (let i = 0; i < 17; i++) root.normal();
    openStream(foldIn(root.key, 'other')).uniform();
    expect(openStream(foldIn(root.key, 'faces')).uniform()).toBe(alone);
  });
});

describe('streams', () => {
  test('the draws are these on every machine', () => {
    // Golden numbers of this implementation: a change breaks every recorded run.
    const stream = openStream(foldIn(randomKey(7), 'golden'));
    const normals = new Float32Array(4);
    expect({
      uint32: stream.uint32(),
      uniform: stream.uniform(),
      integer: stream.integer(1000),
      normal: stream.normal(),
      pick: stream.pick(['a', 'b', 'c']),
      shuffled: stream.shuffle([0, 1, 2, 3, 4, 5]),
      sample: stream.sampleWithoutReplacement(100, 4),
      normals: [...stream.fillNormal(normals)],
    }).toMatchInlineSnapshot(`
      {
        "integer": 512,
        "normal": -0.08672595415768897,
        "normals": [
          1.5048514604568481,
          -1.1800493001937866,
          0.6189001798629761,
          0.23920734226703644,
        ],
        "pick": "b",
        "sample": [
          19,
          43,
          47,
          54,
        ],
        "shuffled": [
          1,
          0,
          3,
          5,
          4,
          2,
        ],
        "uint32": 2219999514,
        "uniform": 0.12333048833418359,
      }
    `);
  });

  test('a stream restored at any point goes on with the same words', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 41 }), (seed, drawn) => {
        const stream = openStream(randomKey(seed));
        for (let i = 0; i < drawn; i++) stream.uint32();
        expect(stream.state.position).toBe(drawn);
        const copy = restoreStream(JSON.parse(JSON.stringify(stream.state)));
        for (let i = 0; i < 9; i++) expect(copy.uint32()).toBe(stream.uint32());
      }),
    );
  });

  test('the counter carries into its second word', () => {
    const block = new Uint32Array(4);
    philoxBlock(block, 0, 1, 0, 0, 9, 0);
    const stream = new RandomStream(randomKey(9), 2 ** 34);
    expect([stream.uint32(), stream.uint32(), stream.uint32(), stream.uint32()]).toEqual([...block]);
  });

  test('a float32 uniform never rounds up to 1', () => {
    expect(Math.fround(0xffffff * 2 ** -24)).toBeLessThan(1);
    const values = openStream(randomKey(0)).fillUniform(new Float32Array(100_000));
    expect(values.every(value => value >= 0 && value < 1)).toBe(true);
  });

  test('wrong arguments are named', () => {
    const stream = openStream(randomKey(0));
    expect(() => stream.integer(0)).toThrow('"n" expected a whole number of at least 1, got 0');
    expect(() => stream.pick([])).toThrow('"list" expected an entry to pick, got none');
    expect(() => stream.sampleWithoutReplacement(3, 4)).toThrow('"k" expected at most 3');
    expect(() => new RandomStream(randomKey(0), -1)).toThrow('"position"');
  });
});

describe('distributions (fixed seeds; false-alarm rate of each check below 1e-5 had the seed been random)', () => {
  test('uniform: Kolmogorov-Smirnov, 50,000 draws', () => {
    const stream = openStream(randomKey(11));
    const sample = Array.from({ length: 50_000 }, () => stream.uniform());
    expect(ksStatistic(sample, x => x)).toBeLessThan(KS_BOUND);
  });

  test('uniform: the low bits are as random as the high ones', () => {
    const stream = openStream(randomKey(12));
    const sample = Array.from({ length: 50_000 }, () => (stream.uniform() * 2 ** 33) % 1);
    expect(ksStatistic(sample, x => x)).toBeLessThan(KS_BOUND);
  });

  test.each([3, 37, 2 ** 31 + 2 ** 30, 2 ** 40 + 12345])('integer(%d) is unbiased', n => {
    // 3·2³⁰ is where a modulo without rejection would favour the lower third two to one.
    const bins = 24;
    const counts = new Array<number>(bins).fill(0);
    const stream = openStream(foldIn(randomKey(13), n));
    const draws = 48_000;
    const sample = Array.from({ length: draws }, () => stream.integer(n));
    expect(sample.every(value => Number.isSafeInteger(value) && value >= 0 && value < n)).toBe(true);
    if (n < 100) {
      const perValue = new Array<number>(n).fill(0);
      for (const value of sample) perValue[value]!++;
      expect(chiSquareOf(perValue, draws / n)).toBeLessThan(chiSquareBound(n - 1) + 20);
    } else {
      for (const value of sample) counts[Math.floor((value / n) * bins)]!++;
      expect(chiSquareOf(counts, draws / bins)).toBeLessThan(chiSquareBound(bins - 1));
    }
  });

  test('integer beyond 32 bits reaches all residues', () => {
    const stream = openStream(randomKey(14));
    const counts = new Array<number>(32).fill(0);
    for (let i = 0; i < 32_000; i++) counts[stream.integer(2 ** 45) % 32]!++;
    expect(chiSquareOf(counts, 1000)).toBeLessThan(chiSquareBound(31));
  });

  test('normal and fillNormal: Kolmogorov-Smirnov through their own upper tail, moments to the fourth', () => {
    const n = 50_000;
    const stream = openStream(randomKey(15));
    const doubles = Array.from({ length: n }, () => stream.normal());
    const floats = [...stream.fillNormal(new Float32Array(n))];
    for (const sample of [doubles, floats]) {
      // An independent distribution function: Abramowitz & Stegun 26.2.17, absolute error 7.5e-8.
      const cdf = (x: number): number => {
        const t = 1 / (1 + 0.2316419 * Math.abs(x));
        const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
        return x > 0 ? 1 - tail : tail;
      };
      expect(ksStatistic(sample, cdf)).toBeLessThan(KS_BOUND);
      const moment = (k: number) => sample.reduce((sum, x) => sum + x ** k, 0) / n;
      // Standard errors of the first four moments: 1, √2, √15, √96 over √n; six of them either way.
      [1, Math.SQRT2, Math.sqrt(15), Math.sqrt(96)].forEach((error, i) => {
        expect(Math.abs(moment(i + 1) - [0, 1, 0, 3][i]!)).toBeLessThan((6 * error) / Math.sqrt(n));
      });
    }
  });

  test('streams of neighbouring keys and names are uncorrelated', () => {
    const n = 20_000;
    const first = openStream(randomKey(16));
    for (const other of [
      openStream(randomKey(17)),
      openStream(foldIn(randomKey(16), 'x')),
      openStream(foldIn(randomKey(16), 0)),
    ]) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (first.uniform() - 0.5) * (other.uniform() - 0.5);
      expect(Math.abs((12 * sum) / n)).toBeLessThan(6 / Math.sqrt(n));
    }
  });

  test('shuffle: all 120 orders of five as often', () => {
    const stream = openStream(randomKey(18));
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = stream.shuffle([0, 1, 2, 3, 4]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    expect(chiSquareOf([...counts.values()], 200)).toBeLessThan(chiSquareBound(119));
  });

  test('sampleWithoutReplacement: all ordered triples of six as often, and never a repeat', () => {
    const stream = openStream(randomKey(19));
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const sample = stream.sampleWithoutReplacement(6, 3);
      expect(new Set(sample).size).toBe(3);
      counts.set(sample.join(''), (counts.get(sample.join('')) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    expect(chiSquareOf([...counts.values()], 200)).toBeLessThan(chiSquareBound(119));
    expect(stream.sampleWithoutReplacement(50, 50).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  test('bool and pick', () => {
    const stream = openStream(randomKey(20));
    let heads = 0;
    for (let i = 0; i < 20_000; i++) if (stream.bool(0.3)) heads++;
    expect(Math.abs(heads - 6000)).toBeLessThan(6 * Math.sqrt(20_000 * 0.21));
    const picked = new Set(Array.from({ length: 200 }, () => stream.pick(['a', 'b', 'c'])));
    expect([...picked].sort()).toEqual(['a', 'b', 'c']);
  });
});

test('normal quantiles agree with SciPy to 1e-15', () => {
  // scipy.special.ndtri(p), SciPy 1.17; the upper quantile of p is its negative.
  const reference: readonly (readonly [number, number])[] = [
    [0.3, 0.5244005127080409],
    [0.075, 1.4395314709384563],
    [0.07, 1.4757910281791706],
    [0.01, 2.3263478740408408],
    [1e-5, 4.264890793922825],
    [1e-10, 6.361340902404056],
    [1e-12, 7.034483825301131],
    [1e-300, 37.0470962993612],
  ];
  for (const [p, x] of reference) expect(Math.abs(normalUpperQuantile(p) / x - 1)).toBeLessThan(2e-15);
  expect(normalUpperQuantile(0.5)).toBe(0);
});
