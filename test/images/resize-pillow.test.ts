import { describe, expect, test } from 'vitest';
import { type Image, type PillowKernel, resizeLikePillow } from '../../src/kit/images/index.ts';
import expected from './fixtures/pillow.json' with { type: 'json' };

/** The picture of fixtures/pillow.py. */
function picture(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set(
        [
          (x * 7 + y * 3 + Math.floor((x * y) / 17)) % 256,
          ((Math.floor(x / 9) + Math.floor(y / 13)) % 2) * 200 + ((x + y) % 50),
          (Math.floor((x * x) / 31) + Math.floor((y * y) / 57)) % 256,
        ],
        (y * width + x) * 3,
      );
  return { width, height, data };
}

describe('equals Pillow to the value', () => {
  test.each(expected.cases)('$from → $to, $kernel', async ({ from, to, kernel, sha256 }) => {
    const [width, height] = to as [number, number];
    const resized = resizeLikePillow(picture(...(from as [number, number])), {
      width,
      height,
      kernel: kernel as PillowKernel,
    });
    const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(resized.data));
    expect(Buffer.from(digest).toString('hex')).toBe(sha256);
  });
});

test('a side that is no whole number is refused', () => {
  expect(() => resizeLikePillow(picture(4, 4), { width: 0, height: 2, kernel: 'cubic' })).toThrow('"width"');
});
