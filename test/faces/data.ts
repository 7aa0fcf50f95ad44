import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Image } from '../../src/kit/images/index.ts';

const shared = resolve(import.meta.dirname, '../../../shared/data');

export const congress = {
  folder: resolve(shared, 'congress/images'),
  missing: !existsSync(resolve(shared, 'congress/labels.csv')),
};
export const orl = { folder: resolve(shared, 'orl'), missing: !existsSync(resolve(shared, 'orl/s1')) };

export interface Portrait {
  readonly file: string;
  readonly path: string;
  readonly gender: string;
  readonly birthYear: number;
}

/** The Congress portraits with their labels, in the order of their names. */
export function readPortraits(): Portrait[] {
  const [, ...lines] = readFileSync(resolve(shared, 'congress/labels.csv'), 'utf8').trim().split(/\r?\n/);
  return lines.map(line => {
    const [file = '', gender = '', year] = line.split(',');
    return { file, path: resolve(congress.folder, file), gender, birthYear: Number(year) };
  });
}

/** An image whose pixels are a function of their place. */
export function drawn(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Image {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, data };
}

/** Reproducible noise, smoothed a little by hand: no face, but not flat either. */
export function noise(width: number, height: number, seed: number): Image {
  let state = seed * 2654435761 + 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  return drawn(width, height, (x, y) => [(next() + x) / 2, (next() + y) / 2, next()]);
}

/** Lays images onto a canvas at their places. */
export function collage(
  width: number,
  height: number,
  pictures: readonly { readonly image: Image; readonly x: number; readonly y: number }[],
): Image {
  const canvas = drawn(width, height, () => [90, 110, 130]);
  for (const { image, x, y } of pictures) {
    for (let row = 0; row < image.height; row++) {
      if (y + row < 0 || y + row >= height) continue;
      const from = Math.max(0, -x);
      const to = Math.min(image.width, width - x);
      const line = image.data.subarray((row * image.width + from) * 3, (row * image.width + to) * 3);
      canvas.data.set(line, ((y + row) * width + x + from) * 3);
    }
  }
  return canvas;
}

export function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
