import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/kit/images/index.ts';
import { asSharp, largestDifference, pattern, pixel } from './pictures.ts';

const cases = resolve(import.meta.dirname, '../../../shared/cases');
const here = existsSync(cases);

/** A TIFF of one strip of uncompressed samples. */
function tiff(
  samples: Float32Array | Float64Array | Uint32Array | Int16Array,
  { width, height, channels = 1 }: { readonly width: number; readonly height: number; readonly channels?: number },
): Uint8Array {
  const format = samples instanceof Uint32Array ? 1 : samples instanceof Int16Array ? 2 : 3;
  const bits = samples.BYTES_PER_ELEMENT * 8;
  const extra = channels * 2;
  const dataAt = 8 + 2 + 12 * 10 + 4 + 2 * extra;
  const file = Buffer.alloc(dataAt + samples.byteLength);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(8, 4);
  const entries: [number, number, number, number][] = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, channels, channels <= 2 ? bits : dataAt - 2 * extra],
    [259, 3, 1, 1],
    [262, 3, 1, channels === 3 ? 2 : 1],
    [273, 4, 1, dataAt],
    [277, 3, 1, channels],
    [278, 4, 1, height],
    [279, 4, 1, samples.byteLength],
    [339, 3, channels, channels <= 2 ? format : dataAt - extra],
  ];
  file.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag, type, n, value], i) => {
    const at = 10 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(n, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  for (let c = 0; c < channels; c++) {
    file.writeUInt16LE(bits, dataAt - 2 * extra + 2 * c);
    file.writeUInt16LE(format, dataAt - extra + 2 * c);
  }
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).copy(file, dataAt);
  return file;
}

describe('TIFF of floats', () => {
  const ramp = (top: number) => Float32Array.from({ length: 64 }, (_, i) => (i / 63) * top);
  const expected = Array.from({ length: 64 }, (_, i) => Math.round((255 * i) / 63));

  test.each([
    ['0 to 1', 1],
    ['0 to 255', 255],
  ])('%s keeps its lightness', async (_, top) => {
    const image = await decodeImage(tiff(ramp(top), { width: 8, height: 8 }));
    expect(Array.from({ length: 64 }, (__, i) => image.data[3 * i])).toEqual(expected);
  });

  test('three channels are not taken for linear light', async () => {
    const colours = Float32Array.from({ length: 12 }, (_, i) => [1, 0.5, 0][i % 3]!);
    expect(pixel(await decodeImage(tiff(colours, { width: 2, height: 2, channels: 3 })), 1, 1)).toEqual([255, 128, 0]);
  });

  test.each([
    ['-1 to 1', Float32Array.of(-1, 0, 0.5, 1), 'floats from -1 to 1, which is neither 0 to 1 nor 0 to 255'],
    ['0 to 2', Float32Array.of(0, 0.5, 1, 2), 'floats from 0 to 2, which is neither'],
    ['0 to 4,000', Float32Array.of(0, 5, 1, 4000), 'floats from 0 to 4000, which is neither'],
    ['NaN', Float32Array.of(0, Number.NaN, 1, 1), 'samples that are no numbers'],
    ['whole numbers of 32 bits', Uint32Array.of(0, 1, 2, 4e9), 'samples of the kind "uint"'],
    ['doubles', Float64Array.of(0, 0.25, 0.5, 1), 'samples out of range'],
    ['signed numbers', Int16Array.of(0, -1, 2, 300), 'samples of the kind "short"'],
  ])('%s is refused by its range instead of decoded to black or white', async (_, samples, why) => {
    const decoding = decodeImage(tiff(samples, { width: 2, height: 2 }), { file: 'a.tif' });
    await expect(decoding).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/^a\.tif: (a|damaged) TIFF/),
    });
    await expect(decoding).rejects.toThrow(why);
  });

  test.skipIf(!here)('the case float-tiff (needs ../shared/cases)', async () => {
    const { data } = await decodeImage(join(cases, 'float-tiff/gradient.tif'));
    expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
  });
});

describe('portable anymaps', () => {
  const text = (content: string) => Buffer.from(content, 'latin1');
  test.each<[string, Uint8Array, number[]]>([
    ['PGM', Buffer.concat([text('P5\n# a comment\n2 2\n255\n'), Uint8Array.of(0, 10, 20, 255)]), [0, 10, 20, 255]],
    ['PGM as text', text('P2 2 2 15\n0 5 # half\n10 15\n'), [0, 85, 170, 255]],
    [
      'PGM of 16 bits',
      Buffer.concat([text('P5 2 2 65535\n'), Uint8Array.of(0, 0, 0x40, 0, 0x80, 0, 0xff, 0xff)]),
      [0, 64, 128, 255],
    ],
    ['PBM', Buffer.concat([text('P4\n2 2\n'), Uint8Array.of(0b01000000, 0b10000000)]), [255, 0, 0, 255]],
    ['PBM as text, without spaces', text('P1\n2 2\n0110\n'), [255, 0, 0, 255]],
  ])('%s', async (_, bytes, grey) => {
    const { width, height, data } = await decodeImage(bytes);
    expect([width, height]).toEqual([2, 2]);
    expect(Array.from({ length: 4 }, (__, i) => data[3 * i])).toEqual(grey);
  });

  test('PPM is the image it was written from', async () => {
    const image = pattern(20, 13);
    const bytes = Buffer.concat([text('P6\n20 13\n255\n'), image.data]);
    expect((await decodeImage(bytes)).data).toEqual(image.data);
    const asText = text(`P3\n20 13 255\n${[...image.data].join(' ')}\n`);
    expect((await decodeImage(asText)).data).toEqual(image.data);
  });

  test.each([
    ['P5 2 2 255\n\0', 'truncated PNM image'],
    ['P5 2', 'truncated PNM image'],
    ['P5 0 2 255\n', 'damaged PNM image (no width or height)'],
    ['P5 2 2 70000\n', 'damaged PNM image (a largest sample of 70000)'],
    ['P5 x 2 255\n', 'damaged PNM image (a number expected)'],
    ['P6 99999 99999 255\n', '9,999,800,001 pixels, more than the limit of'],
  ])('%j is refused', async (content, why) => {
    await expect(decodeImage(text(content), { file: 'a.pgm' })).rejects.toThrow(why);
  });
});

describe('bitmaps', () => {
  /** A bitmap of 24 or 32 bits, or of 8 with a grey palette. */
  function bmp(bits: 8 | 24 | 32, { topDown = false } = {}): Uint8Array {
    const { width, height, data } = pattern(7, 5);
    const palette = bits === 8 ? 1024 : 0;
    const stride = Math.ceil((width * bits) / 32) * 4;
    const file = Buffer.alloc(54 + palette + stride * height);
    file.write('BM');
    file.writeUInt32LE(54 + palette, 10);
    file.writeUInt32LE(40, 14);
    file.writeInt32LE(width, 18);
    file.writeInt32LE(topDown ? -height : height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(bits, 28);
    for (let i = 0; i < palette / 4; i++) file.fill(i, 54 + 4 * i, 54 + 4 * i + 3);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [red = 0, green = 0, blue = 0] = data.subarray((y * width + x) * 3);
        const at = 54 + palette + stride * (topDown ? y : height - 1 - y) + (x * bits) / 8;
        file.set(bits === 8 ? [red] : [blue, green, red], at);
      }
    return file;
  }

  test.each([
    ['24 bits', bmp(24)],
    ['24 bits, top down', bmp(24, { topDown: true })],
    ['32 bits, alpha of zeros', bmp(32)],
  ])('%s', async (_, bytes) => {
    expect((await decodeImage(bytes)).data).toEqual(pattern(7, 5).data);
  });

  test('a palette', async () => {
    const { data } = await decodeImage(bmp(8));
    expect(Array.from({ length: 35 }, (_, i) => data[3 * i])).toEqual(
      Array.from({ length: 35 }, (_, i) => pattern(7, 5).data[3 * i]),
    );
  });

  test('cut short, compressed or too large, it is refused in one line', async () => {
    await expect(decodeImage(bmp(24).subarray(0, 100), { file: 'a' })).rejects.toThrow('a: truncated BMP image');
    const packed = Buffer.from(bmp(8));
    packed.writeUInt32LE(1, 30);
    await expect(decodeImage(packed, { file: 'a' })).rejects.toThrow('a: damaged BMP image (compressed');
    const wide = Buffer.from(bmp(24));
    wide.writeInt32LE(2 ** 30, 18);
    await expect(decodeImage(wide, { file: 'a' })).rejects.toThrow('more than the limit of');
  });

  test.skipIf(!here)('the case g.bmp (needs ../shared/cases)', async () => {
    const image = await decodeImage(join(cases, 'heic-bmp-pgm/g.bmp'));
    expect([image.width, image.height]).toEqual([64, 64]);
    expect(new Set(image.data).size).toBeGreaterThan(30);
  });
});

test('damaged bitmaps and anymaps end in one line, whatever is changed', async () => {
  const sources = [
    Buffer.from('P3 3 3 255\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27\n'),
    Buffer.concat([Buffer.from('P6 3 3 255\n'), new Uint8Array(27)]),
    here ? readFileSync(join(cases, 'heic-bmp-pgm/g.bmp')).subarray(0, 2000) : Buffer.from('BM'),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
      fc.nat(2000),
      async (source, changes, length) => {
        const bytes = Buffer.from(source.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        await decodeImage(bytes, { file: 'x', maxPixels: 1e6 }).catch(error => {
          expect(error).toMatchObject({ code: 'input', message: expect.stringMatching(/^x: [^\n]+$/) });
        });
      },
    ),
    { numRuns: 400, seed: 5 },
  );
});

describe('what is not decoded is called by its name, with the way out', () => {
  const ftyp = (brand: string) => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0${brand}miaf`, 'latin1');
  test.each<[string, Uint8Array, string]>([
    ['HEIC', ftyp('heic'), 'a HEIC image, which is not decoded; convert it to JPEG or PNG (heif-convert'],
    ['HEIF of mif1', ftyp('mif1'), 'a HEIC image'],
    ['JPEG XL', Buffer.from('\xff\x0aabcdefghijk', 'latin1'), 'a JPEG XL image, which is not decoded'],
    ['Photoshop', Buffer.from('8BPS\0\x01abcdefgh', 'latin1'), 'a Photoshop file'],
    ['SVG', Buffer.from('<svg xmlns="">'), 'an SVG or XML file'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'a Git LFS pointer'],
    ['a web page', Buffer.from('<!DOCTYPE html><html>'), 'a web page and not an image'],
  ])('%s', async (_, bytes, why) => {
    await expect(decodeImage(bytes, { file: 'x' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`x: ${why}`),
    });
  });

  test.skipIf(!here)('the case g.heic (needs ../shared/cases)', async () => {
    await expect(decodeImage(join(cases, 'heic-bmp-pgm/g.heic'))).rejects.toThrow('a HEIC image, which is not decoded');
  });
});

describe('animated AVIF', () => {
  test('the still image of one is taken', async () => {
    const still = await asSharp(pattern(48, 32))
      .avif({ quality: 95, effort: 2, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const animated = Buffer.from(still);
    animated.write('avis', 8, 'latin1');
    expect(largestDifference((await decodeImage(animated)).data, (await decodeImage(still)).data)).toBe(0);
  });

  test.skipIf(!here)('the case a.avif (needs ../shared/cases)', async () => {
    const image = await decodeImage(join(cases, 'animated-avif/a.avif'));
    expect(image.width * image.height).toBeGreaterThan(100);
    expect(new Set(image.data).size).toBeGreaterThan(1);
  });
});
