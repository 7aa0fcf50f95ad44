import { describe, expect, test } from 'vitest';
import { foldScale, turnDepthwiseFilters, turnFilters } from '../../src/kit/faces/networks/layers.ts';
import { parseWeights, readWeights } from '../../src/kit/faces/weights.ts';

const manifest = [
  {
    paths: ['x.bin'],
    weights: [
      { name: 'a', dtype: 'float32', shape: [2], quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      { name: 'b', dtype: 'float32', shape: [1] },
    ],
  },
];

describe('weight files', () => {
  test('bytes are scaled and shifted, floats are taken as they are, at any offset', () => {
    const bytes = Uint8Array.of(0, 255, ...new Uint8Array(Float32Array.of(1.25).buffer));
    const weights = parseWeights('detector', manifest, bytes);
    expect([...weights.get('a', 1).data]).toEqual([-1, 126.5]);
    expect([...weights.get('b', 1).data]).toEqual([1.25]);
  });

  test('a file that is cut short, too long or of another quantisation is refused', () => {
    expect(() => parseWeights('detector', manifest, new Uint8Array(5))).toThrow('"b" ends after');
    expect(() => parseWeights('detector', manifest, new Uint8Array(7))).toThrow('7 bytes');
    const float16 = [{ paths: ['x.bin'], weights: [{ name: 'a', shape: [1], quantization: { dtype: 'float16' } }] }];
    expect(() => parseWeights('detector', float16, new Uint8Array(2))).toThrow();
  });

  test('a parameter that is missing or of another rank is named', async () => {
    const weights = await readWeights('embedder');
    expect(weights.get('fc', 2).shape).toEqual([256, 128]);
    expect(() => weights.get('fc', 4)).toThrow('"fc" expected rank 4, got shape [256, 128]');
    expect(() => weights.get('nothing', 1)).toThrow('"nothing" expected rank 1, got nothing');
  });
});

describe('layouts', () => {
  test('filters [1, 2, 2, 3] become [3, 2, 1, 2]', () => {
    // Entry (tap w, in i, out o) is 100·w + 10·i + o.
    const data = Float32Array.from([0, 1].flatMap(w => [0, 1].flatMap(i => [0, 1, 2].map(o => 100 * w + 10 * i + o))));
    const turned = turnFilters({ shape: [1, 2, 2, 3], data });
    expect(turned.shape).toEqual([3, 2, 1, 2]);
    expect([...turned.data]).toEqual([0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112]);
  });

  test('depthwise filters [2, 1, 3, 1] become [3, 1, 2, 1]', () => {
    const turned = turnDepthwiseFilters({ shape: [2, 1, 3, 1], data: Float32Array.of(1, 2, 3, 11, 12, 13) });
    expect(turned.shape).toEqual([3, 1, 2, 1]);
    expect([...turned.data]).toEqual([1, 11, 2, 12, 3, 13]);
  });

  test('a scale after a convolution is folded into filters and bias', () => {
    const filters = { shape: [2, 1, 1, 2], data: Float32Array.of(1, 2, 3, 4) };
    const folded = foldScale(
      { filters, bias: Float32Array.of(1, 2) },
      { scale: Float32Array.of(2, 10), offset: Float32Array.of(5, 7) },
    );
    expect([...folded.filters.data]).toEqual([2, 4, 30, 40]);
    expect([...folded.bias!]).toEqual([7, 27]);
  });
});
