import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { decodeImage } from '../../src/kit/images/decode.ts';
import { sniffFormat } from '../../src/kit/images/formats.ts';
import { ADOBE_RGB, embedInJpeg, embedInPng, iccProfile, pngChunk, srgbOf } from './icc.ts';
import { asSharp, largestDifference, pattern, pixel, solid, solid16, temporaryFolder } from './pictures.ts';

const picture = pattern(48, 32);
const FILES = {
  JPEG: await asSharp(picture).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
  PNG: await asSharp(picture).png().toBuffer(),
  WebP: await asSharp(picture).webp({ lossless: true }).toBuffer(),
  AVIF: await asSharp(picture).avif({ quality: 95, effort: 2, chromaSubsampling: '4:4:4' }).toBuffer(),
  TIFF: await asSharp(picture).tiff({ compression: 'lzw' }).toBuffer(),
  GIF: await asSharp(picture).gif().toBuffer(),
} as const;

async function failure(promise: Promise<unknown>): Promise<BiolensError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BiolensError)) throw new Error(`expected a BiolensError, got ${String(error)}`);
  return error;
}

describe('formats', () => {
  test.each(Object.entries(FILES))('%s decodes to the same image', async (format, bytes) => {
    expect(sniffFormat(bytes)).toBe(format);
    const image = await decodeImage(bytes);
    expect([image.width, image.height, image.data.constructor]).toEqual([48, 32, Uint8Array]);
    const tolerance = { JPEG: 12, PNG: 0, WebP: 0, AVIF: 40, TIFF: 0, GIF: 60 }[format] ?? 0;
    expect(largestDifference(image.data, picture.data)).toBeLessThanOrEqual(tolerance);
  });

  test('the content decides, not the name', async () => {
    const path = join(temporaryFolder(), 'picture.gif');
    writeFileSync(path, FILES.PNG);
    expect((await decodeImage(path)).data).toEqual(picture.data);
  });

  test.each([
    ['text', Buffer.from('hello there')],
    ['PDF', Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n')],
    ['BMP', Buffer.from('BM\x46\0\0\0\0\0\0\0', 'latin1')],
    ['one byte', Buffer.from([0xff])],
  ])('%s is no image', async (_, bytes) => {
    const error = await failure(decodeImage(bytes, { file: 'x.png' }));
    expect(error.code).toBe('input');
    expect(error.message).toBe('x.png: not an image (JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM)');
  });

  test('AVIF is known by a compatible brand too', () => {
    expect(sniffFormat(Buffer.from('\0\0\0\x1cftypmif1\0\0\0\0mif1avif', 'latin1'))).toBe('AVIF');
    expect(sniffFormat(Buffer.from('\0\0\0\x14ftypmif1\0\0\0\0heicavif', 'latin1'))).toBeUndefined();
  });

  test('what is no file is named', async () => {
    const folder = temporaryFolder();
    const missing = join(folder, 'none.png');
    expect((await failure(decodeImage(missing))).message).toBe(`${missing}: no such file or folder`);
    expect((await failure(decodeImage(folder))).message).toBe(`${folder}: a folder, not a file`);
    writeFileSync(join(folder, 'empty.png'), '');
    const empty = await failure(decodeImage(join(folder, 'empty.png'), { file: 'empty.png' }));
    expect([empty.code, empty.message]).toEqual(['input', 'empty.png: an empty file']);
  });
});

describe('damage', () => {
  const cuts = Object.entries(FILES).flatMap(([format, bytes]) =>
    [0.1, 0.5, 0.97].map(share => ({ format, share, bytes: bytes.subarray(0, bytes.length * share) })),
  );
  test.each(cuts)('$format cut to $share of its bytes says truncated', async ({ format, bytes }) => {
    const error = await failure(decodeImage(bytes, { file: 'cut' }));
    expect([error.code, error.message]).toEqual(['input', `cut: truncated ${format} image`]);
  });

  test('a progressive JPEG that misses its last scans is truncated too', async () => {
    const bytes = await asSharp(pattern(200, 200)).jpeg({ progressive: true }).toBuffer();
    const error = await failure(decodeImage(bytes.subarray(0, bytes.length * 0.8), { file: 'p.jpg' }));
    expect(error.message).toBe('p.jpg: truncated JPEG image');
  });

  test('damage inside a whole file is told apart from truncation', async () => {
    const bytes = Buffer.from(FILES.PNG);
    bytes.fill(0x55, 60, 90);
    const error = await failure(decodeImage(bytes, { file: 'd.png' }));
    expect(error.message).toMatch(/^d\.png: damaged PNG image \(.+\)$/);
    expect(error.message).not.toContain('\n');
  });

  test('stray bytes before a marker, which libjpeg only warns of, do no harm', async () => {
    const bytes = FILES.JPEG;
    const end = Buffer.concat([bytes.subarray(0, -2), Buffer.from([0x00, 0x00]), bytes.subarray(-2)]);
    expect((await decodeImage(end)).width).toBe(48);
  });
});

describe('limits', () => {
  /** A grey PNG that declares any size and holds a few bytes. */
  function bomb(width: number, height: number): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 0, 0, 0, 0], 8);
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    const body = pngChunk('IDAT', deflateSync(Buffer.alloc(10_000)));
    return Buffer.concat([signature, pngChunk('IHDR', header), body, pngChunk('IEND', Buffer.alloc(0))]);
  }

  test('a PNG of 30,000 × 30,000 made of few bytes is refused from its header', async () => {
    const bytes = bomb(30_000, 30_000);
    expect(bytes.length).toBeLessThan(1000);
    const error = await failure(decodeImage(bytes, { file: 'bomb.png' }));
    const message = 'bomb.png: 30,000 × 30,000 = 900,000,000 pixels, more than the limit of 64,000,000';
    expect([error.code, error.message]).toEqual(['input', message]);
  });

  test('a GIF with a huge screen and frame', async () => {
    // The smallest GIF there is, one pixel, with its four sizes overwritten.
    const bytes = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
    for (const at of [6, 8, 32, 34]) bytes.writeUInt16LE(65_535, at);
    const error = await failure(decodeImage(bytes, { file: 'bomb.gif' }));
    expect(error.message).toMatch(/^bomb\.gif: 65,535 × 65,535 = 4,294,836,225 pixels/);
  });

  test('a TIFF of more pixels, and one of more samples, than the limit', async () => {
    const big = await solid([1, 2, 3], 400, 300).tiff({ compression: 'deflate' }).toBuffer();
    const pixels = await failure(decodeImage(big, { file: 'a.tif', maxPixels: 100_000 }));
    expect(pixels.message).toBe('a.tif: 400 × 300 = 120,000 pixels, more than the limit of 100,000');
    const many = tiffOf({ width: 24, height: 16, samples: 60 });
    const samples = await failure(decodeImage(many, { file: 'b.tif' }));
    expect(samples.message).toBe('b.tif: more than 5 samples a pixel');
  });

  test('the limit is the largest that passes', async () => {
    expect((await decodeImage(FILES.PNG, { maxPixels: 48 * 32 })).width).toBe(48);
    const error = await failure(decodeImage(FILES.PNG, { maxPixels: 48 * 32 - 1 }));
    expect(error.details).toMatchObject({ width: 48, height: 32, maxPixels: 1535 });
  });

  test('bytes are limited before the file is read', async () => {
    const path = join(temporaryFolder(), 'large.png');
    // A file with a hole: a terabyte that could not be read.
    writeFileSync(path, FILES.PNG);
    const { truncateSync } = await import('node:fs');
    truncateSync(path, 2 ** 40);
    const error = await failure(decodeImage(path, { file: 'large.png' }));
    expect(error.message).toBe('large.png: 1,099,511,627,776 bytes, more than the limit of 67,108,864');
  });
});

/** An uncompressed TIFF of `samples` 8-bit samples a pixel. */
function tiffOf(options: { width: number; height: number; samples: number }): Buffer {
  const { width, height, samples } = options;
  const pixels = Buffer.alloc(width * height * samples, 128);
  const bits = Buffer.alloc(samples * 2);
  for (let i = 0; i < samples; i++) bits.writeUInt16LE(8, 2 * i);
  const extra = Buffer.alloc(Math.max(1, samples - 3) * 2);
  const offsets = { bits: 8, extra: 8 + bits.length, pixels: 8 + bits.length + extra.length };
  const entries = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, samples, offsets.bits],
    [259, 3, 1, 1],
    [262, 3, 1, 2],
    [273, 4, 1, offsets.pixels],
    [277, 3, 1, samples],
    [278, 4, 1, height],
    [279, 4, 1, pixels.length],
    [338, 3, samples - 3, offsets.extra],
  ] as const;
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length, 0);
  entries.forEach(([tag, type, count, value], i) => {
    directory.writeUInt16LE(tag, 2 + 12 * i);
    directory.writeUInt16LE(type, 4 + 12 * i);
    directory.writeUInt32LE(count, 6 + 12 * i);
    directory.writeUInt32LE(value, 10 + 12 * i);
  });
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(offsets.pixels + pixels.length, 4);
  return Buffer.concat([header, bits, extra, pixels, directory]);
}

describe('colour', () => {
  const samples = [200, 100, 50];
  const adobe = iccProfile(ADOBE_RGB);
  // Independent of any colour library: the ICC matrix equations (icc.ts).
  const expected = srgbOf(
    samples.map(sample => sample / 255),
    ADOBE_RGB,
  );

  test('the reference itself: an orange gets stronger, grey stays grey', () => {
    expect(expected).toEqual([227, 100, 42]);
    // 255 · (1.055 · (0.5^2.199)^(1/2.4) − 0.055) = 128.5: neutral up to the rounding of the colorants.
    expect(srgbOf([0.5, 0.5, 0.5], ADOBE_RGB)).toEqual([129, 129, 128]);
    expect(srgbOf([1, 1, 1], ADOBE_RGB)).toEqual([255, 255, 255]);
  });

  test.each([
    ['PNG', async () => embedInPng(await solid(samples).png().toBuffer(), adobe)],
    ['JPEG', async () => embedInJpeg(await solid(samples).jpeg({ quality: 100 }).toBuffer(), adobe)],
    [
      '16-bit PNG',
      async () =>
        embedInPng(
          await solid16(samples.map(s => s * 257))
            .toColourspace('rgb16')
            .png()
            .toBuffer(),
          adobe,
        ),
    ],
  ])('Adobe RGB in a %s becomes sRGB', async (_, make) => {
    const image = await decodeImage(await make());
    expect(largestDifference(Uint8Array.from(pixel(image, 5, 5)), Uint8Array.from(expected))).toBeLessThanOrEqual(1);
  });

  test('Display P3 becomes sRGB', async () => {
    const bytes = await solid(samples).withIccProfile('p3').png().toBuffer();
    // The file holds other numbers than the image means.
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect(largestDifference(stored.subarray(0, 3), Uint8Array.from(samples))).toBeGreaterThan(5);
    expect(largestDifference((await decodeImage(bytes)).data.subarray(0, 3), Uint8Array.from(samples))).toBeLessThan(3);
  });

  test('CMYK, with and without a profile', async () => {
    const plain = await solid(samples).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(plain).metadata()).space).toBe('cmyk');
    const withProfile = await solid(samples).withIccProfile('cmyk').jpeg({ quality: 100 }).toBuffer();
    for (const bytes of [plain, withProfile]) {
      const [red = 0, green = 0, blue = 0] = (await decodeImage(bytes)).data;
      // A press cannot print this orange exactly; it stays that orange.
      expect(Math.abs(red - 200)).toBeLessThan(15);
      expect(Math.abs(green - 100)).toBeLessThan(15);
      expect(Math.abs(blue - 50)).toBeLessThan(35);
    }
  });

  test('grey of linear light, in 8 and 16 bits', async () => {
    const linear = iccProfile({ gamma: 1 });
    // sRGB encoding of 100/255 of linear light: 255 · (1.055 · (100/255)^(1/2.4) − 0.055) = 168.1
    const eight = embedInPng(await solid([100]).toColourspace('b-w').png().toBuffer(), linear);
    const sixteen = embedInPng(
      await solid16([100 * 257])
        .toColourspace('grey16')
        .png()
        .toBuffer(),
      linear,
    );
    expect(pixel(await decodeImage(eight), 0, 0)).toEqual([168, 168, 168]);
    expect(pixel(await decodeImage(sixteen), 0, 0)).toEqual([168, 168, 168]);
  });

  test.each([
    ['8-bit grey', () => solid([90]).toColourspace('b-w').png().toBuffer(), [90, 90, 90]],
    [
      '16-bit grey',
      () =>
        solid16([90 * 257])
          .toColourspace('grey16')
          .png()
          .toBuffer(),
      [90, 90, 90],
    ],
    ['16-bit RGB', () => solid16([51400, 25700, 12850]).toColourspace('rgb16').png().toBuffer(), samples],
    ['palette', () => solid(samples).png({ palette: true }).toBuffer(), samples],
    ['half-transparent on white', () => solid([200, 100, 50, 128]).png().toBuffer(), [227, 177, 152]],
    ['transparent on white', () => solid([200, 100, 50, 0]).webp({ lossless: true }).toBuffer(), [255, 255, 255]],
    ['transparent grey on white', () => solid([100, 0]).toColourspace('b-w').png().toBuffer(), [255, 255, 255]],
  ])('%s', async (_, make, colour) => {
    expect(pixel(await decodeImage(await make()), 3, 3)).toEqual(colour);
  });
});

describe('orientation and pages', () => {
  // EXIF 2.32, tag 274: where the first row and column of the stored image belong.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is undone', async orientation => {
    const { width, height, data } = picture;
    const swapped = orientation >= 5;
    const stored = { width: swapped ? height : width, height: swapped ? width : height };
    const samples = Buffer.alloc(data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [u, v] = {
          1: [x, y],
          2: [width - 1 - x, y],
          3: [width - 1 - x, height - 1 - y],
          4: [x, height - 1 - y],
          5: [y, x],
          6: [y, width - 1 - x],
          7: [height - 1 - y, width - 1 - x],
          8: [height - 1 - y, x],
        }[orientation] ?? [0, 0];
        samples.set(
          data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
          ((v ?? 0) * stored.width + (u ?? 0)) * 3,
        );
      }
    }
    const bytes = await sharp(samples, { raw: { ...stored, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const image = await decodeImage(bytes);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(image.data).toEqual(data);
  });

  test('of an animation the first frame is taken', async () => {
    const frames = Buffer.concat([Buffer.alloc(300, 10), Buffer.alloc(300, 200)]);
    const raw = { width: 10, height: 20, channels: 3, pageHeight: 10 } as const;
    for (const bytes of [
      await sharp(frames, { raw }).gif().toBuffer(),
      await sharp(frames, { raw }).webp({ lossless: true }).toBuffer(),
    ]) {
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const image = await decodeImage(bytes);
      expect([image.width, image.height, pixel(image, 4, 4)]).toEqual([10, 10, [10, 10, 10]]);
    }
  });
});

test('an aborted signal interrupts', async () => {
  const signal = AbortSignal.abort();
  expect((await failure(decodeImage(FILES.PNG, { signal }))).code).toBe('interrupted');
});
