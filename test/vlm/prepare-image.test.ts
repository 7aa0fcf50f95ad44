import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { DEFAULT_IMAGE_RULE, prepareImage } from '../../src/kit/vlm/index.ts';

const rule = { maxSide: 100, maxBytes: 8000, jpegQuality: 95 };
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#a06040' } });
/** Noise does not compress, so a PNG of it is large. */
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
  });
const prepare = (bytes: Uint8Array) => prepareImage(bytes, { file: 'face.png', rule });

describe('goes out bit for bit', () => {
  test.each([
    ['a small PNG', flat(100, 80).png(), 'image/png'],
    ['a small JPEG', flat(80, 100).jpeg(), 'image/jpeg'],
    ['a grey JPEG', flat(80, 100).greyscale().jpeg(), 'image/jpeg'],
  ])('%s', async (_, picture, mediaType) => {
    const bytes = await picture.toBuffer();
    const prepared = await prepare(bytes);
    expect(prepared).toMatchObject({ mediaType, changed: false });
    expect(Buffer.compare(prepared.bytes, bytes)).toBe(0);
  });
});

describe('is encoded again', () => {
  test('a side too long: shrunk with its proportions, lossless stays lossless', async () => {
    const prepared = await prepare(await flat(300, 150).png().toBuffer());
    expect(prepared).toMatchObject({ width: 100, height: 50, mediaType: 'image/png', changed: true });
    const { width, height, format } = await sharp(prepared.bytes).metadata();
    expect({ width, height, format }).toEqual({ width: 100, height: 50, format: 'png' });
  });

  test('a JPEG stays a JPEG, without chroma subsampling', async () => {
    const prepared = await prepare(await flat(300, 150).jpeg().toBuffer());
    expect(prepared).toMatchObject({ width: 100, mediaType: 'image/jpeg' });
    expect((await sharp(prepared.bytes).metadata()).chromaSubsampling).toBe('4:4:4');
  });

  test('a PNG too large in bytes becomes a JPEG of the same size', async () => {
    const bytes = await noise(90, 90).png().toBuffer();
    expect(bytes.length).toBeGreaterThan(rule.maxBytes);
    expect(await prepare(bytes)).toMatchObject({ width: 90, height: 90, mediaType: 'image/jpeg', changed: true });
  });

  test('a photograph on its side is put upright', async () => {
    const bytes = await flat(60, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await prepare(bytes)).toMatchObject({ width: 40, height: 60, changed: true });
  });

  test('what servers do not all read: WebP, CMYK, 16 bits', async () => {
    expect(await prepare(await flat(50, 50).webp().toBuffer())).toMatchObject({ mediaType: 'image/jpeg' });
    expect(await prepare(await flat(50, 50).gif().toBuffer())).toMatchObject({ mediaType: 'image/png' });
    expect(await prepare(await flat(50, 50).toColourspace('cmyk').jpeg().toBuffer())).toMatchObject({ changed: true });
    expect(await prepare(await flat(50, 50).toColourspace('rgb16').png().toBuffer())).toMatchObject({ changed: true });
  });

  test('nothing is enlarged', async () => {
    const bytes = await flat(20, 10).webp().toBuffer();
    expect(await prepareImage(bytes, { file: 'x', rule: DEFAULT_IMAGE_RULE })).toMatchObject({ width: 20, height: 10 });
  });
});

test('what is no picture is refused by name', async () => {
  await expect(prepare(new TextEncoder().encode('<html>'))).rejects.toThrow('face.png: a web page and not an image');
  const cut = (await flat(300, 300).png().toBuffer()).subarray(0, 60);
  await expect(prepare(cut)).rejects.toThrow('face.png');
});
