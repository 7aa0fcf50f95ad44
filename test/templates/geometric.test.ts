import { describe, expect, test } from 'vitest';
import { GEOMETRIC_TRANSFORMS, transformImage } from '../../src/jobs/templates/index.ts';

const image = {
  width: 60,
  height: 40,
  data: Uint8Array.from({ length: 60 * 40 * 3 }, (_, i) => (Math.floor(i / 3) * 7 + (i % 3) * 50) % 251),
};
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);

describe.each(GEOMETRIC_TRANSFORMS)('%s', transform => {
  test('is decided by the key, keeps the size, and shows pixels of the image only', () => {
    const one = transformImage(image, transform, key(1));
    expect(one).toMatchObject({ width: 60, height: 40 });
    expect(transformImage(image, transform, key(1)).data).toEqual(one.data);
    expect(transformImage(image, transform, key(2)).data).not.toEqual(one.data);
    expect(one.data).not.toEqual(image.data);
    const pixels = new Set(Array.from({ length: 2400 }, (_, i) => image.data.subarray(3 * i, 3 * i + 3).join()));
    for (let i = 0; i < 2400; i++) expect(pixels.has(one.data.subarray(3 * i, 3 * i + 3).join())).toBe(true);
  });

  test('loses pixels, so that it cannot be undone wholly even with the key', () => {
    // Every pixel has a value of its own.
    const numbered = { width: 15, height: 15, data: Uint8Array.from({ length: 225 }, (_, i) => i) };
    const shown = new Set(transformImage(numbered, transform, key(3)).data);
    expect(shown.size).toBeLessThan(225);
    expect(shown.size).toBeGreaterThan(20);
  });
});

test('data that do not fit the size are refused', () => {
  expect(() => transformImage({ ...image, width: 61 }, 'polar', key(1))).toThrow('61 × 40');
});
