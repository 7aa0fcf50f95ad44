import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { onTestFinished } from 'vitest';
import type { Image } from '../../src/kit/images/image.ts';

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-images-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An image with some structure: two ramps and a checkerboard. */
export function pattern(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([(255 * x) / width, (255 * y) / height, ((x >> 2) + (y >> 2)) % 2 ? 200 : 60], (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

function channelsOf(samples: readonly number[]): 1 | 2 | 3 | 4 {
  const channels = ([1, 2, 3, 4] as const)[samples.length - 1];
  if (channels === undefined) throw new Error(`${samples.length} channels`);
  return channels;
}

/** Images of one colour, or one sample per channel. */
export function solid(samples: readonly number[], width = 16, height = 16): Sharp {
  const channels = channelsOf(samples);
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => samples[i % channels]!);
  return sharp(data, { raw: { width, height, channels } });
}

/** The same with 16-bit samples. */
export function solid16(samples: readonly number[], width = 16, height = 16): Sharp {
  const channels = channelsOf(samples);
  const data = Uint16Array.from({ length: width * height * channels }, (_, i) => samples[i % channels]!);
  return sharp(data, { raw: { width, height, channels } });
}

export function asSharp(image: Image): Sharp {
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
}

export function pixel(image: Image, x: number, y: number): number[] {
  return [...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3)];
}

/** Largest difference of two samples. */
export function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
