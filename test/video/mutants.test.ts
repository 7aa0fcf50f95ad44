import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { type Ffmpeg, findFfmpeg, listClips, readFrames } from '../../src/kit/video/index.ts';
import { mutate } from '../doors/mutate.ts';
import { temporaryFolder } from '../faces/models.ts';
import { ffmpegPath, whyNot, writeVideo } from './parts.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tool: Ffmpeg | null = null;
beforeAll(async () => {
  folder = await temporaryFolder();
  if (ffmpegPath !== null) tool = await findFfmpeg({ path: ffmpegPath });
});
afterAll(() => folder[Symbol.asyncDispose]());

const FRAMES = Array.from({ length: 6 }, (_, n) => ({
  width: 24,
  height: 16,
  data: Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (30 * n + 5 * i) % 251),
}));

/** Damages a file again and again: each time there are frames, or one line that names it. */
async function readMutants(
  name: string,
  mutants: number,
): Promise<{ readonly read: number; readonly refused: number }> {
  const file = join(folder.path, name.slice(-3), name);
  const whole = readFileSync(file);
  let [read, refused] = [0, 0];
  for (let seed = 0; seed < mutants; seed++) {
    writeFileSync(file, mutate(whole, seed, { text: false }));
    try {
      const { clips } = await listClips(file);
      const started = performance.now();
      for await (const { image, seconds } of readFrames(clips[0]!, { ffmpeg: tool, rate: 50 })) {
        expect(image.data).toHaveLength(image.width * image.height * 3);
        expect(Number.isFinite(seconds)).toBe(true);
      }
      // The machine may be busy.
      expect(performance.now() - started).toBeLessThan(20_000);
      read++;
    } catch (error) {
      if (!(error instanceof BiolensError)) throw error;
      expect(error.code, error.message).toMatch(/input|external/);
      expect(error.message).not.toContain('\n');
      refused++;
    }
  }
  return { read, refused };
}

describe('damaged clips give frames or one line', () => {
  test.each(['gif', 'webp'] as const)('%s', async format => {
    mkdirSync(join(folder.path, format.slice(-3)), { recursive: true });
    const raw = { width: 24, height: 16 * FRAMES.length, channels: 3 as const, pageHeight: 16 };
    const pixels = sharp(Buffer.concat(FRAMES.map(({ data }) => data)), { raw });
    await pixels[format]({ delay: FRAMES.map(() => 40) }).toFile(join(folder.path, format.slice(-3), `a.${format}`));
    const { read, refused } = await readMutants(`a.${format}`, 150);
    expect(read + refused).toBe(150);
    expect(refused).toBeGreaterThan(10);
  });

  test.skipIf(ffmpegPath === null)(`MP4 and MKV through ffmpeg${whyNot(ffmpegPath)}`, async () => {
    for (const name of ['a.mp4', 'a.mkv']) {
      mkdirSync(join(folder.path, name.slice(-3)), { recursive: true });
      writeVideo(join(folder.path, name.slice(-3), name), FRAMES, { rate: 25 });
      const { read, refused } = await readMutants(name, 15);
      expect(read + refused).toBe(15);
    }
  });
});
