import { createHash } from 'node:crypto';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/kit/images/decode.ts';
import { encodeGreyPng, encodeJpeg, encodePng, encodeWebp } from '../../src/kit/images/encode.ts';
import type { Image } from '../../src/kit/images/image.ts';
import { largestDifference, pattern } from './pictures.ts';

const anyImage = fc
  .record({
    width: fc.integer({ min: 1, max: 24 }),
    height: fc.integer({ min: 1, max: 24 }),
    seed: fc.nat(),
    levels: fc.integer({ min: 1, max: 256 }),
  })
  .map(({ width, height, seed, levels }): Image => {
    let state = seed + 1;
    const data = Uint8Array.from({ length: width * height * 3 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor(((state >>> 8) % levels) * (255 / Math.max(1, levels - 1)));
    });
    return { width, height, data };
  });

describe('PNG', () => {
  test('any image comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyImage, async image => {
        expect(await decodeImage(await encodePng(image))).toEqual(image);
      }),
      { numRuns: 60 },
    );
  });

  test('a grey map comes back as it was', async () => {
    const data = Uint8Array.from({ length: 12 * 7 }, (_, i) => (i * 37) % 256);
    const bytes = await encodeGreyPng({ width: 12, height: 7, data });
    const { data: read, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([12, 7, 1]);
    expect(new Uint8Array(read)).toEqual(data);
  });

  // The bytes are part of the promise that a data set is the same everywhere. If this changes on purpose, say so in the
  // changelog: sha256 of encodePng(pattern(40, 30)).
  test('the same image is the same bytes everywhere', async () => {
    const bytes = await encodePng(pattern(40, 30));
    expect(createHash('sha256').update(bytes).digest('hex')).toMatchInlineSnapshot(
      `"3808a681f55196499919c22e139769af013afe5e38b62e3fe497f2bcd2df8046"`,
    );
  });

  test('is not much larger than what libpng makes', async () => {
    const image = await decodeImage(await encodeJpeg(pattern(256, 256), { quality: 80 }));
    const raw = { width: 256, height: 256, channels: 3 } as const;
    const reference = await sharp(image.data, { raw }).png({ adaptiveFiltering: true }).toBuffer();
    expect((await encodePng(image)).length).toBeLessThan(1.5 * reference.length);
  });
});

describe('JPEG and WebP', () => {
  test.each([
    ['JPEG', encodeJpeg],
    ['WebP', encodeWebp],
  ] as const)('%s keeps the image, and less of it at a lower quality', async (_, encode) => {
    const raw = pattern(64, 64);
    // Without the checkerboard, whose colours 4:2:0 cannot hold.
    const image = { ...raw, data: raw.data.map((value, i) => (i % 3 === 2 ? 100 : value)) };
    const fine = await encode(image, { quality: 95 });
    const coarse = await encode(image, { quality: 10 });
    expect(coarse.length).toBeLessThan(fine.length);
    const fineError = largestDifference((await decodeImage(fine)).data, image.data);
    expect(fineError).toBeLessThan(16);
    expect(largestDifference((await decodeImage(coarse)).data, image.data)).toBeGreaterThan(fineError);
  });
});
