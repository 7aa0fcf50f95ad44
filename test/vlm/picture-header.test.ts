import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { readPictureHeader } from '../../src/kit/vlm/picture-header.ts';

const flat = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
  sharp({ create: { width, height, channels, background: { r: 160, g: 96, b: 64, alpha: 0.5 } } });
const read = async (picture: Sharp) => readPictureHeader(await picture.toBuffer());

// The independent reference is libvips, which wrote these files.
describe('the header says what was written', () => {
  test.each([
    ['PNG', flat(123, 45).png(), true],
    ['interlaced PNG', flat(123, 45).png({ progressive: true }), true],
    ['palette PNG', flat(123, 45).png({ palette: true, colours: 256, dither: 0 }), true],
    ['palette PNG with a transparent colour', flat(123, 45, 4).png({ palette: true }), false],
    ['PNG with alpha', flat(123, 45, 4).png(), false],
    ['PNG of 16 bits', flat(123, 45).toColourspace('rgb16').png(), false],
    ['grey PNG', flat(123, 45).toColourspace('b-w').png(), true],
    ['PNG on its side', flat(123, 45).withMetadata({ orientation: 8 }).png(), false],
    ['JPEG', flat(123, 45).jpeg(), true],
    ['progressive JPEG', flat(123, 45).jpeg({ progressive: true }), true],
    ['grey JPEG', flat(123, 45).greyscale().jpeg(), true],
    ['CMYK JPEG', flat(123, 45).toColourspace('cmyk').jpeg(), false],
    ['upright JPEG with EXIF', flat(123, 45).withMetadata({ orientation: 1 }).jpeg(), true],
    ['JPEG on its side', flat(123, 45).withMetadata({ orientation: 6 }).jpeg(), false],
    ['JPEG with a colour profile', flat(123, 45).withIccProfile('srgb').jpeg(), true],
  ])('%s', async (_, picture, plain) => {
    expect(await read(picture)).toEqual({ width: 123, height: 45, plain });
  });
});

test('damaged files are left to a decoder, whatever the damage', async () => {
  const files = [
    await flat(30, 20).jpeg().toBuffer(),
    await flat(30, 20).withMetadata({ orientation: 6 }).png().toBuffer(),
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      (file, length, changes) => {
        const bytes = Uint8Array.from(file.subarray(0, length % (file.length + 1)));
        for (const [at, value] of changes) if (bytes.length > 1) bytes[1 + (at % (bytes.length - 1))] = value;
        const header = readPictureHeader(bytes);
        if (header !== null) expect(header.width * header.height).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});
