import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blurImage } from '../../src/kit/images/blur.ts';
import { cropImage } from '../../src/kit/images/crop.ts';
import { decodeImage } from '../../src/kit/images/decode.ts';
import { encodePng } from '../../src/kit/images/encode.ts';
import type { Image } from '../../src/kit/images/image.ts';
import { resizeImage } from '../../src/kit/images/resize.ts';
import { contactSheet } from '../../src/kit/images/sheet.ts';
import { toTensor } from '../../src/kit/images/tensor.ts';
import { thumbnail } from '../../src/kit/images/thumbnail.ts';
import { asSharp, largestDifference, pattern, pixel } from './pictures.ts';

/** One axis of the triangle filter: weights of the input samples for each output sample. */
function triangleWeights(from: number, to: number): number[][] {
  const ratio = from / to;
  const support = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const raw = Array.from({ length: from }, (_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support));
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map(weight => weight / sum);
  });
}

/** Antialiased bilinear resizing written as two matrix products. */
function resizeReference(image: Image, width: number, height: number): Uint8Array {
  const columns = triangleWeights(image.width, width);
  const rows = triangleWeights(image.height, height);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        rows[y]!.forEach((wy, j) => {
          if (wy === 0) return;
          columns[x]!.forEach((wx, i) => {
            if (wx !== 0) sum += wy * wx * image.data[(j * image.width + i) * 3 + k]!;
          });
        });
        out[(y * width + x) * 3 + k] = Math.round(sum);
      }
    }
  }
  return out;
}

describe('resizeImage', () => {
  test.each([
    [31, 23],
    [40, 50],
    [80, 60],
    [133, 99],
  ])('to %i × %i is the triangle filter', async (width, height) => {
    const image = pattern(64, 48);
    const resized = await resizeImage(image, { width, height });
    const reference = resizeReference(image, width, height);
    // The library works in fixed point; borders are treated apart from that alike.
    expect(largestDifference(resized.data, reference)).toBeLessThanOrEqual(8);
    const meanError =
      resized.data.reduce((sum, value, i) => sum + Math.abs(value - reference[i]!), 0) / reference.length;
    expect(meanError).toBeLessThan(0.8);
  });

  test('enlarging is bilinear between pixel centres', async () => {
    const ramp = { width: 4, height: 1, data: Uint8Array.from([0, 80, 160, 240].flatMap(v => [v, v, v])) };
    const { data } = await resizeImage(ramp, { width: 8, height: 1 });
    expect(data.filter((_, i) => i % 3 === 0)).toEqual(Uint8Array.from([0, 20, 60, 100, 140, 180, 220, 240]));
  });

  test('one colour stays that colour', async () => {
    const size = fc.integer({ min: 1, max: 40 });
    const kernels = fc.constantFrom('triangle', 'lanczos', 'nearest');
    await fc.assert(
      fc.asyncProperty(size, size, size, size, kernels, async (width, height, toWidth, toHeight, kernel) => {
        const image = { width, height, data: new Uint8Array(width * height * 3).fill(201) };
        const resized = await resizeImage(image, { width: toWidth, height: toHeight, kernel });
        expect([resized.data.length, ...new Set(resized.data)]).toEqual([toWidth * toHeight * 3, 201]);
      }),
      { numRuns: 60 },
    );
  });

  test('a strong reduction stays near the triangle filter', async () => {
    const image = pattern(400, 300);
    const resized = await resizeImage(image, { width: 20, height: 15 });
    const reference = resizeReference(image, 20, 15);
    const meanError =
      resized.data.reduce((sum, value, i) => sum + Math.abs(value - reference[i]!), 0) / reference.length;
    expect(meanError).toBeLessThan(2);
  });

  test('nearest invents no values', async () => {
    const labels = {
      width: 8,
      height: 8,
      data: Uint8Array.from({ length: 192 }, (_, i) => (Math.floor(i / 3) % 3) * 7),
    };
    const resized = await resizeImage(labels, { width: 21, height: 5, kernel: 'nearest' });
    expect([...new Set(resized.data)].sort((a, b) => a - b)).toEqual([0, 7, 14]);
  });

  test('contain pads with the background, cover cuts', async () => {
    const image = { width: 4, height: 8, data: new Uint8Array(96).fill(200) };
    const contained = await resizeImage(image, { width: 8, height: 8, fit: 'contain', background: [1, 2, 3] });
    expect(pixel(contained, 0, 4)).toEqual([1, 2, 3]);
    expect(pixel(contained, 4, 4)).toEqual([200, 200, 200]);
    const covered = await resizeImage(image, { width: 8, height: 8, fit: 'cover' });
    expect(new Set(covered.data)).toEqual(new Set([200]));
  });

  test.each([0, 2.5, Number.NaN])('a width of %s is refused', async width => {
    await expect(resizeImage(pattern(4, 4), { width, height: 4 })).rejects.toThrow(
      `"width" expected a whole number of pixels ≥ 1, got ${width}`,
    );
  });
});

describe('cropImage', () => {
  const image = pattern(13, 9);
  const box = fc.record({
    x: fc.integer({ min: -20, max: 20 }),
    y: fc.integer({ min: -20, max: 20 }),
    width: fc.integer({ min: 1, max: 30 }),
    height: fc.integer({ min: 1, max: 30 }),
  });

  test('every pixel is the one that lies there, or the padding', () => {
    fc.assert(
      fc.property(box, fc.constantFrom('edge', [9, 8, 7]), (where, outside) => {
        const crop = cropImage(image, where, { outside: outside === 'edge' ? 'edge' : [9, 8, 7] });
        expect([crop.width, crop.height]).toEqual([where.width, where.height]);
        for (let y = 0; y < crop.height; y++) {
          for (let x = 0; x < crop.width; x++) {
            const [u, v] = [where.x + x, where.y + y];
            const inside = u >= 0 && v >= 0 && u < image.width && v < image.height;
            const nearest = pixel(image, Math.min(12, Math.max(0, u)), Math.min(8, Math.max(0, v)));
            expect(pixel(crop, x, y)).toEqual(inside || outside === 'edge' ? nearest : [9, 8, 7]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('corners are rounded, and neighbours meet', () => {
    const left = cropImage(image, { x: 0, y: 0, width: 4.4, height: 5 });
    const right = cropImage(image, { x: 4.4, y: 0, width: 4.4, height: 5 });
    expect([left.width, right.width]).toEqual([4, 5]);
    expect(pixel(right, 0, 0)).toEqual(pixel(image, 4, 0));
  });

  test('a box without a pixel is refused', () => {
    expect(() => cropImage(image, { x: 1, y: 1, width: 0.2, height: 3 })).toThrow('"width" expected');
    expect(() => cropImage(image, { x: Number.NaN, y: 1, width: 2, height: 3 })).toThrow('"width" expected');
  });
});

describe('blurImage', () => {
  test('a step becomes the Gaussian integral', async () => {
    const [width, height, sigma] = [101, 5, 4];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width >= 50 ? 250 : 0));
    const blurred = await blurImage({ width, height, data }, { sigma });
    // Φ(±1) = 0.8413, Φ(±2) = 0.9772; pixel centres lie half a pixel from the step.
    expect(pixel(blurred, 50 + 4, 2)[0]! / 250).toBeCloseTo(0.869, 1);
    expect(pixel(blurred, 50 - 1 - 4, 2)[0]! / 250).toBeCloseTo(0.131, 1);
    expect(pixel(blurred, 90, 2)[0]).toBe(250);
    expect(pixel(blurred, 10, 2)[0]).toBe(0);
  });

  test('a sigma that is none is refused', async () => {
    await expect(blurImage(pattern(4, 4), { sigma: 0 })).rejects.toThrow(
      '"sigma" expected a number from 0.3 to 1000, got 0',
    );
  });
});

describe('thumbnail', () => {
  const large = pattern(320, 200);

  test('fits the size, and never enlarges', async () => {
    const bytes = await encodePng(large);
    const small = await decodeImage(await thumbnail(bytes, { size: 80 }));
    expect([small.width, small.height]).toEqual([80, 50]);
    const same = await decodeImage(await thumbnail(bytes, { size: 1000, format: 'jpeg' }));
    expect([same.width, same.height]).toEqual([320, 200]);
  });

  test('a large JPEG and its thumbnail show the same', async () => {
    const bytes = await asSharp(large).jpeg({ quality: 95 }).toBuffer();
    const small = await decodeImage(await thumbnail(bytes, { size: 80 }));
    const reference = await resizeImage(large, { width: 80, height: 50 });
    const difference = small.data.reduce((sum, value, i) => sum + Math.abs(value - reference.data[i]!), 0);
    // WebP and JPEG both took something from the checkerboard.
    expect(difference / small.data.length).toBeLessThan(9);
  });

  test('a blurred one holds ten pixels of information along its side', async () => {
    const noise = {
      width: 160,
      height: 160,
      data: Uint8Array.from({ length: 76800 }, (_, i) => ((i * 2654435761) >>> 13) % 256),
    };
    const blurred = await decodeImage(await thumbnail(await encodePng(noise), { size: 160, blur: true }));
    expect([blurred.width, blurred.height]).toEqual([160, 160]);
    const rebuilt = await resizeImage(await resizeImage(blurred, { width: 10, height: 10 }), {
      width: 160,
      height: 160,
    });
    const meanError = blurred.data.reduce((sum, value, i) => sum + Math.abs(value - rebuilt.data[i]!), 0) / 76800;
    expect(meanError).toBeLessThan(6);
  });

  test('refuses what decodeImage refuses', async () => {
    await expect(thumbnail(Buffer.from('text'), { size: 80, file: 't.png' })).rejects.toThrow('t.png: not an image');
    const bytes = await encodePng(large);
    await expect(thumbnail(bytes, { size: 80, file: 't.png', maxPixels: 100 })).rejects.toThrow(
      't.png: 320 × 200 = 64,000',
    );
    await expect(thumbnail(bytes.subarray(0, 500), { size: 80, file: 't.png' })).rejects.toThrow(
      't.png: truncated PNG',
    );
  });
});

describe('toTensor', () => {
  const images = [pattern(6, 4), { width: 6, height: 4, data: new Uint8Array(72).map((_, i) => i * 3) }];
  const options = { width: 6, height: 4, mean: [104, 117, 123], deviation: [58, 57, 50] } as const;

  test.each([
    ['nchw', 'rgb'],
    ['nchw', 'bgr'],
    ['nhwc', 'rgb'],
    ['nhwc', 'bgr'],
  ] as const)('%s %s', (layout, channels) => {
    const batch = toTensor(images, { ...options, layout, channels });
    expect(batch.length).toBe(2 * 72);
    images.forEach((image, n) => {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 6; x++) {
          for (let c = 0; c < 3; c++) {
            const sample = image.data[(y * 6 + x) * 3 + (channels === 'rgb' ? c : 2 - c)]!;
            const at = layout === 'nchw' ? ((n * 3 + c) * 4 + y) * 6 + x : ((n * 4 + y) * 6 + x) * 3 + c;
            expect(batch[at]).toBe(Math.fround((sample - options.mean[c]!) / options.deviation[c]!));
          }
        }
      }
    });
  });

  test('writes into room that is given, and says when it is too small', () => {
    const into = new Float32Array(200).fill(-1);
    expect(toTensor(images, { ...options, into })).toBe(into);
    expect([...into.subarray(144)]).toEqual(new Array(56).fill(-1));
    expect(() => toTensor(images, { ...options, into: new Float32Array(143) })).toThrow(
      '"into" expected room for 144 numbers, got 143',
    );
  });

  test('an image of another size is named', () => {
    expect(() => toTensor([images[0]!, pattern(5, 4)], options)).toThrow('image 1 is 5 × 4, expected 6 × 4');
  });
});

test('a contact sheet puts every image in its cell', () => {
  const images = [pattern(5, 4), pattern(3, 6), pattern(5, 6)];
  const sheet = contactSheet(images, { columns: 2, gap: 1, background: [7, 7, 7] });
  expect([sheet.width, sheet.height]).toEqual([13, 15]);
  expect(cropImage(sheet, { x: 1, y: 1, width: 5, height: 4 }).data).toEqual(images[0]!.data);
  expect(cropImage(sheet, { x: 7, y: 1, width: 3, height: 6 }).data).toEqual(images[1]!.data);
  expect(cropImage(sheet, { x: 1, y: 8, width: 5, height: 6 }).data).toEqual(images[2]!.data);
  expect(pixel(sheet, 8, 10)).toEqual([7, 7, 7]);
  expect(() => contactSheet([], { columns: 2 })).toThrow('at least one image');
  expect(() => contactSheet(images, { columns: 0 })).toThrow('"columns" expected a whole number ≥ 1, got 0');
});
