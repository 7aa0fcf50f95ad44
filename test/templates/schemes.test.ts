import { describe, expect, test } from 'vitest';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  biohashOf,
  findScheme,
  type KeyedScheme,
  KeyStream,
  SCHEMES,
  type Scheme,
} from '../../src/jobs/templates/index.ts';

const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n + 1);
const stream = openStream(foldIn(randomKey(3), 'faces'));

function toUnit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map(value => value / length);
}

const draw = (width: number): Float64Array => toUnit(Float64Array.from({ length: width }, () => stream.normal()));

/** An embedding at an angle whose cosine is given. */
function at(unit: Float64Array, cos: number): Float64Array {
  const other = draw(unit.length);
  const dot = unit.reduce((sum, value, i) => sum + value * other[i]!, 0);
  const across = toUnit(other.map((value, i) => value - dot * unit[i]!));
  return unit.map((value, i) => cos * value + Math.sqrt(1 - cos * cos) * across[i]!);
}

describe.each(SCHEMES.map(scheme => [scheme.name, scheme] as const))('%s', (_, scheme: Scheme) => {
  test.each([64, 128])('is what it says of embeddings of %i numbers', width => {
    const face = draw(width);
    const keyed = scheme.open(keyOf(1), width);
    const template = keyed.protect(face);
    expect(template).toHaveLength(scheme.length(width));
    expect(scheme.bytes(width)).toBeGreaterThan(0);
    // The same key and face give the same template; another key gives another.
    expect(scheme.open(keyOf(1), width).protect(face)).toEqual(template);
    expect(scheme.open(keyOf(2), width).protect(face)).not.toEqual(template);
  });

  test('under one key alike faces score higher than others; under another key the same face does not', () => {
    const width = 64;
    const score = (cos: number, other: number) => {
      let sum = 0;
      for (let i = 0; i < 6; i++) {
        const face = draw(width);
        const [a, b] = [scheme.open(keyOf(20 + i), width), scheme.open(keyOf(20 + i + other), width)];
        sum += scheme.compare(a.protect(face), b.protect(at(face, cos)));
      }
      return sum / 6;
    };
    const [alike, apart, renewed] = [score(0.9, 0), score(0, 0), score(1, 40)];
    expect(alike).toBeGreaterThan(apart);
    expect(renewed).toBeLessThan(alike);
  });

  test('tells its source, and a patent where one is listed', () => {
    expect(scheme.source.length).toBeGreaterThan(20);
    if (scheme.patent !== undefined) expect(scheme.byDefault).toBe(false);
  });
});

test('BioHash with a threshold at zero: the expected Hamming distance is the angle over π', () => {
  const scheme = findScheme('biohash-zero');
  const cos = 0.735;
  let distance = 0;
  for (let i = 0; i < 60; i++) {
    const face = draw(128);
    const keyed = scheme.open(keyOf(i), 128);
    distance += 1 - scheme.compare(keyed.protect(face), keyed.protect(at(face, cos)));
  }
  expect(distance / 60).toBeCloseTo(Math.acos(cos) / Math.PI, 2);
});

/** Cosines that a known key gives back from BioHash of so many bits at 512 numbers, and from several templates: measured in NumPy. */
const INVERSION = [
  [64, 1, 0.28],
  [128, 1, 0.4],
  [256, 1, 0.56],
  [512, 1, 0.8],
  [512, 2, 0.88],
  [512, 4, 0.94],
  [512, 8, 0.97],
] as const;

const opened = new Map<string, KeyedScheme>();
function openOnce(bits: number, k: number): KeyedScheme {
  const name = `${bits}/${k}`;
  if (!opened.has(name)) opened.set(name, biohashOf({ bits, at: 'zero' }).open(keyOf(100 + k), 512));
  return opened.get(name)!;
}

test.each(INVERSION)('BioHash of %i bits inverted with %i known keys: cosine %f', (bits, count, expected) => {
  const width = 512;
  const all = Array.from({ length: count }, (_, k) => openOnce(bits, k));
  let sum = 0;
  const faces = 12;
  for (let i = 0; i < faces; i++) {
    const face = draw(width);
    const estimate = new Float64Array(width);
    for (const keyed of all)
      keyed.estimate!(keyed.protect(face)).forEach((value, j) => {
        estimate[j]! += value;
      });
    sum += toUnit(estimate).reduce((dot, value, j) => dot + value * face[j]!, 0);
  }
  expect(Math.abs(sum / faces - expected)).toBeLessThan(0.02);
});

describe('streams of a key', () => {
  test('are the keystream of ChaCha20 (RFC 8439, appendix A.1, test vector 1)', () => {
    const words = new KeyStream(new Uint8Array(32));
    // Bytes 76 b8 e0 ad a0 f1 3d 90 40 5d 6a e5 53 86 bd 28 as little-endian words.
    expect([words.uint32(), words.uint32(), words.uint32(), words.uint32()]).toEqual([
      0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653,
    ]);
  });

  test('go on past a block, differ by stream, and deal normals and permutations', () => {
    const words = new KeyStream(keyOf(1));
    const all = Array.from({ length: 5000 }, () => words.uint32());
    expect(new Set(all).size).toBeGreaterThan(4990);
    expect(new KeyStream(keyOf(1), 1).uint32()).not.toBe(all[0]);
    const normals = new KeyStream(keyOf(2)).normals(20_000);
    const mean = normals.reduce((sum, value) => sum + value, 0) / normals.length;
    const variance = normals.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normals.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    expect([...new KeyStream(keyOf(3)).permutation(50)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect(() => new KeyStream(new Uint8Array(16))).toThrow('32 bytes');
  });
});

test('a scheme that there is not is named beside those there are', () => {
  expect(() => findScheme('biohsh')).toThrow('there are biohash');
});
