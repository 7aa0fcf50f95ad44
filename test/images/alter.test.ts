import { describe, expect, test } from 'vitest';
import { type Alteration, alterImage } from '../../src/kit/images/alter.ts';
import { largestDifference, pattern, pixel } from './pictures.ts';

const image = pattern(60, 44);
const meanDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

describe('alterImage', () => {
  test('nothing asked, nothing done', async () => {
    expect(await alterImage(image, {})).toEqual(image);
  });

  test.each([
    { jpegQuality: 30 },
    { crop: 0.05 },
    { mirror: true },
    { brightness: 1.2 },
    { blur: 1.5 },
    { rotate: 4 },
  ] satisfies Alteration[])('%o changes the image and keeps its size', async alteration => {
    const altered = await alterImage(image, alteration);
    expect([altered.width, altered.height]).toEqual([60, 44]);
    expect(meanDifference(altered.data, image.data)).toBeGreaterThan(0.5);
  });

  test('mirroring twice is the image; once swaps left and right', async () => {
    const once = await alterImage(image, { mirror: true });
    expect(pixel(once, 0, 5)).toEqual(pixel(image, 59, 5));
    expect(await alterImage(once, { mirror: true })).toEqual(image);
  });

  test('brightness multiplies and saturates', async () => {
    const bright = await alterImage(image, { brightness: 1.5 });
    expect(bright.data).toEqual(image.data.map(sample => Math.min(255, Math.round(sample * 1.5))));
  });

  test('a quarter turn of a square moves every pixel clockwise', async () => {
    const square = pattern(20, 20);
    const turned = await alterImage(square, { rotate: 90 });
    // What was at the top left is now at the top right.
    expect(pixel(turned, 19, 0)).toEqual(pixel(square, 0, 0));
    expect(pixel(turned, 12, 3)).toEqual(pixel(square, 3, 7));
  });

  test('a crop shows the middle, larger', async () => {
    const ramp = { width: 100, height: 10, data: Uint8Array.from({ length: 3000 }, (_, i) => Math.floor(i / 3) % 100) };
    const cropped = await alterImage(ramp, { crop: 0.2 });
    // 80 columns from column 10 on, over 100: the ends of the ramp are gone, the middle stays.
    expect(Math.abs(pixel(cropped, 0, 5)[0]! - 10)).toBeLessThanOrEqual(1);
    expect(Math.abs(pixel(cropped, 50, 5)[0]! - 50)).toBeLessThanOrEqual(1);
    expect(Math.abs(pixel(cropped, 99, 5)[0]! - 89)).toBeLessThanOrEqual(1);
  });

  test('alterations add up', async () => {
    const all = await alterImage(image, {
      rotate: 2,
      crop: 0.05,
      mirror: true,
      brightness: 0.9,
      blur: 0.6,
      jpegQuality: 60,
    });
    expect([all.width, all.height]).toEqual([60, 44]);
    expect(largestDifference(all.data, image.data)).toBeGreaterThan(20);
  });

  test.each([
    [{ jpegQuality: 0 }, '"jpegQuality" expected a number from 1 to 100, got 0'],
    [{ crop: 1 }, '"crop" expected a number from 0 to 0.9, got 1'],
    [{ rotate: 200 }, '"rotate" expected a number from -180 to 180, got 200'],
    [{ brightness: -1 }, '"brightness" expected a number from 0 to 10, got -1'],
    [{ blur: 0.1 }, '"sigma" expected a number from 0.3 to 1000, got 0.1'],
  ])('%o is refused', async (alteration, message) => {
    await expect(alterImage(image, alteration)).rejects.toThrow(message);
  });
});
