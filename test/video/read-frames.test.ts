import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { type Ffmpeg, type Frame, findFfmpeg, listClips, readFrames, readPixmaps } from '../../src/kit/video/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { ffmpeg, ffmpegPath, realClips, whyNot, writeFrames, writeVideo } from './parts.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tool: Ffmpeg | null = null;
const at = (...parts: string[]): string => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
  if (ffmpegPath !== null) tool = await findFfmpeg({ path: ffmpegPath });
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A frame whose brightness is its number, and whose left half is darker. */
function numbered(n: number, { width = 48, height = 32 } = {}): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    return 8 * n + (x < width / 2 ? 0 : 16);
  });
  return { width, height, data };
}
const meanOf = ({ data }: Image): number => data.reduce((sum, value) => sum + value, 0) / data.length;

async function all(path: string, options: { readonly rate?: number; readonly side?: number } = {}): Promise<Frame[]> {
  const { clips } = await listClips(path);
  const frames: Frame[] = [];
  for await (const frame of readFrames(clips[0]!, { ffmpeg: tool, rate: 1000, ...options })) frames.push(frame);
  return frames;
}
const seconds = (frames: readonly Frame[]): number[] => frames.map(frame => Number(frame.seconds.toFixed(3)));

describe('a stream of images', () => {
  const images = [
    numbered(3, { width: 5, height: 4 }),
    numbered(9, { width: 7, height: 2 }),
    numbered(30, { width: 1, height: 1 }),
  ];
  const stream = Buffer.concat(
    images.flatMap(({ width, height, data }) => [Buffer.from(`P6\n${width} ${height}\n255\n`), data]),
  );
  test('is the same whatever the chunks are cut into', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), async sizes => {
        const chunks = async function* () {
          for (let from = 0, i = 0; from < stream.length; i++) {
            const size = sizes[i % sizes.length]!;
            yield stream.subarray(from, from + size);
            from += size;
          }
        };
        const found: Image[] = [];
        for await (const image of readPixmaps(chunks(), { side: 16 })) found.push(image);
        expect(found).toEqual(images);
      }),
      { numRuns: 60 },
    );
  });
  test.each([
    ['another kind of stream', 'hello, this is no image at all, it is text', /not a stream of images/],
    ['an image that is too large', 'P6\n30000 30000\n255\n', /30000 × 30000/],
    ['an end within an image', 'P6\n4 4\n255\nabc', /ends within/],
  ])('refuses %s', async (_, text, message) => {
    const chunks = async function* () {
      yield Buffer.from(text);
    };
    await expect(Array.fromAsync(readPixmaps(chunks(), { side: 320 }))).rejects.toThrow(message);
  });
});

describe('frames of folders and animations', () => {
  test('a folder of images is a clip in the order of the numbers in their names', async () => {
    await writeFrames(
      at('folders', 'clip'),
      Array.from({ length: 12 }, (_, i) => numbered(i)),
    );
    const { clips } = await listClips(at('folders'));
    expect(clips.map(({ name, kind }) => [name, kind])).toEqual([['clip', 'frames']]);
    const frames = await all(at('folders'));
    expect(frames.map(({ image }) => Math.round((meanOf(image) - 8) / 8))).toEqual(
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(frames[5]!.seconds).toBeCloseTo(5 / 25, 9);
    // Of each half second the first frame.
    expect(seconds(await all(at('folders'), { rate: 10 }))).toEqual([0, 0.12, 0.2, 0.32, 0.4]);
  });

  test.each(['gif', 'webp'] as const)('the delays of an animated %s are its times', async format => {
    const delay = [40, 500, 100, 260, 100];
    const frames = delay.map((_, i) => numbered(4 * i + 1));
    const raw = { width: 48, height: 32 * frames.length, channels: 3 as const, pageHeight: 32 };
    const pixels = sharp(Buffer.concat(frames.map(({ data }) => data)), { raw });
    const name = `animated-${format}`;
    mkdirSync(at(name));
    await (format === 'gif' ? pixels.gif({ delay }) : pixels.webp({ delay, lossless: true })).toFile(
      at(name, `a.${format}`),
    );
    const found = await all(at(name));
    expect(seconds(found)).toEqual([0, 0.04, 0.54, 0.64, 0.9]);
    for (const [i, { image }] of found.entries()) expect(meanOf(image)).toBeCloseTo(meanOf(frames[i]!), -0.5);
  });

  test('an animation of 100,000 frames and one of 30,000 × 30,000 pixels are refused at once', async () => {
    const header = Buffer.from('474946383961010001008000000000000000ff', 'hex');
    const frame = Buffer.from('21f90400010000002c000000000100010000020144003b', 'hex').subarray(0, -1);
    mkdirSync(at('long'));
    writeFileSync(at('long', 'a.gif'), Buffer.concat([header, ...new Array(100_000).fill(frame), Buffer.from(';')]));
    const huge = Buffer.from(header);
    huge.writeUInt16LE(30_000, 6);
    huge.writeUInt16LE(30_000, 8);
    const hugeFrame = Buffer.from(frame);
    hugeFrame.writeUInt16LE(30_000, 13);
    hugeFrame.writeUInt16LE(30_000, 15);
    mkdirSync(at('huge'));
    writeFileSync(at('huge', 'a.gif'), Buffer.concat([huge, hugeFrame, hugeFrame, Buffer.from(';')]));
    const started = performance.now();
    await expect(all(at('long'))).rejects.toThrow(/a\.gif: .*frames|a\.gif: a damaged/);
    await expect(all(at('huge'))).rejects.toThrow(/a\.gif: /);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each([
    ['nothing', {}, /there are no clips in it/],
    ['one image', { 'a.png': numbered(1) }, /there are no clips in it/],
  ])('a folder of %s is one line', async (name, files, message) => {
    mkdirSync(at(`empty ${name}`));
    for (const image of Object.values(files)) {
      const { data, width, height } = image as Image;
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(at(`empty ${name}`, 'a.png'));
    }
    await expect(listClips(at(`empty ${name}`))).rejects.toThrow(message);
  });
});

test('without an ffmpeg there is one line with the way out', async () => {
  const error = await findFfmpeg({ environment: { BIOLENS_FFMPEG: at('absent') } }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BiolensError);
  expect((error as BiolensError).message).toBe(`BIOLENS_FFMPEG: ${at('absent')}: there is no program that can be run`);
  const path = process.env.PATH;
  process.env.PATH = at();
  try {
    await expect(findFfmpeg({ environment: {} })).rejects.toThrow(/apt install ffmpeg.*--ffmpeg or BIOLENS_FFMPEG/);
  } finally {
    process.env.PATH = path;
  }
});

describe.skipIf(ffmpegPath === null)(`videos through ffmpeg${whyNot(ffmpegPath)}`, () => {
  const clip = Array.from({ length: 24 }, (_, i) => numbered(i, { width: 64, height: 48 }));
  const lossless = ['-c:v', 'ffv1'];

  test('frames and times are those of the stream, also where the rate varies', async () => {
    mkdirSync(at('plain'));
    writeVideo(at('plain', 'a.mkv'), clip, { rate: 8, options: lossless });
    const frames = await all(at('plain'));
    expect(frames).toHaveLength(24);
    frames.forEach(({ seconds: time, image }, i) => {
      expect(time).toBeCloseTo(i / 8, 2);
      expect(Math.abs(meanOf(image) - meanOf(clip[i]!))).toBeLessThan(1.5);
    });
    // The second half is four times as slow: 12 frames in 1.5 s, then 12 in 6 s.
    mkdirSync(at('variable'));
    const slower = "setpts='if(lt(N,12),N,12+4*(N-12))/8/TB'";
    ffmpeg(['-i', at('plain', 'a.mkv'), '-vf', slower, ...tool!.passthrough, ...lossless, at('variable', 'a.mkv')]);
    const variable = await all(at('variable'));
    expect(variable).toHaveLength(24);
    expect(variable[11]!.seconds).toBeCloseTo(1.375, 2);
    expect(variable[23]!.seconds).toBeCloseTo((12 + 44) / 8, 2);
    // One a second: no frame twice, and its own time.
    const sparse = await all(at('variable'), { rate: 1 });
    expect(seconds(sparse)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(s => Number(s.toFixed(3))));
  });

  test('a clip that is stored lying down equals its upright twin', async () => {
    mkdirSync(at('upright'));
    mkdirSync(at('rotated'));
    writeVideo(at('upright', 'a.mp4'), clip, {
      rate: 8,
      options: ['-c:v', 'libx264', '-qp', '0', '-pix_fmt', 'yuv444p'],
    });
    ffmpeg(['-i', at('upright', 'a.mp4'), '-vf', 'transpose=1', '-c:v', 'libx264', '-qp', '0', at('lying.mp4')]);
    ffmpeg(['-display_rotation:v', '90', '-i', at('lying.mp4'), '-c', 'copy', at('rotated', 'a.mp4')]);
    const [upright, rotated] = [await all(at('upright')), await all(at('rotated'))];
    expect(rotated).toHaveLength(upright.length);
    for (const [i, { image, seconds: time }] of rotated.entries()) {
      expect([image.width, image.height]).toEqual([64, 48]);
      expect(time).toBe(upright[i]!.seconds);
      expect(image.data.every((value, k) => Math.abs(value - upright[i]!.image.data[k]!) <= 3)).toBe(true);
    }
  });

  test('pixels that are not square become square, and frames fit within a side', async () => {
    mkdirSync(at('wide'));
    writeVideo(at('wide', 'a.mkv'), clip.slice(0, 3), { rate: 8, options: ['-vf', 'setsar=2', ...lossless] });
    const [first] = await all(at('wide'));
    expect([first!.image.width, first!.image.height]).toEqual([128, 48]);
    const [small] = await all(at('wide'), { side: 32 });
    expect([small!.image.width, small!.image.height]).toEqual([32, 12]);
  });

  test('megabytes of warnings do not stop it', async () => {
    mkdirSync(at('noisy'));
    // A program that warns as ffmpeg does of every packet, more than a pipe holds, before and while it works.
    const script = `#!/bin/sh\nif [ "$2" = -version ]; then echo "ffmpeg version 7.0"; exit 0; fi\ni=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "[mov @ 0x55] DTS 1 < 2 out of order ${'x'.repeat(1000)}" >&2; done\nexec "${ffmpegPath}" -loglevel debug "$@"\n`;
    writeFileSync(at('noisy-ffmpeg'), script);
    chmodSync(at('noisy-ffmpeg'), 0o755);
    writeVideo(at('noisy', 'a.mkv'), clip, { rate: 8, options: lossless });
    const noisy = await findFfmpeg({ path: at('noisy-ffmpeg') });
    const { clips } = await listClips(at('noisy'));
    expect(await Array.fromAsync(readFrames(clips[0]!, { ffmpeg: noisy, rate: 100 }))).toHaveLength(24);
  });

  test('the child ends when reading stops, and when it is aborted', async () => {
    mkdirSync(at('stopped'));
    writeVideo(at('stopped', 'a.mkv'), new Array(20).fill(clip).flat(), { rate: 8, options: lossless });
    const { clips } = await listClips(at('stopped'));
    const running = (): string =>
      spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(line => line.includes(at('stopped', 'a.mkv')))
        .join('\n');
    for await (const _ of readFrames(clips[0]!, { ffmpeg: tool, rate: 100 })) break;
    await expect.poll(running, { timeout: 5000 }).toBe('');
    const stop = new AbortController();
    const reading = Array.fromAsync(readFrames(clips[0]!, { ffmpeg: tool, rate: 100, signal: stop.signal }));
    setTimeout(() => stop.abort(), 30);
    await expect(reading).rejects.toThrow('interrupted');
    await expect.poll(running, { timeout: 5000 }).toBe('');
  });

  test.each([
    ['truncated', /a\.mp4: no frame of it can be decoded \(.*(?:moov|Invalid data)/],
    ['empty', /a\.mp4: an empty file/],
    ['text', /a\.mp4: not a video/],
    ['audio', /a\.mp4: there is no video in it/],
    ['playlist', /a\.mp4: not a video/],
  ])('%s is one line', async (kind, message) => {
    mkdirSync(at(kind));
    const file = at(kind, 'a.mp4');
    if (kind === 'truncated') {
      writeVideo(at('whole.mp4'), clip, { rate: 8 });
      writeFileSync(file, readFileSync(at('whole.mp4')).subarray(0, 900));
    } else if (kind === 'audio') ffmpeg(['-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac', file]);
    else if (kind === 'playlist') writeFileSync(file, '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n');
    else writeFileSync(file, kind === 'empty' ? '' : 'this is a letter and no video');
    const error = await all(at(kind)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BiolensError);
    expect((error as BiolensError).code).toBe('input');
    expect((error as BiolensError).message).toMatch(message);
    expect((error as BiolensError).message).not.toContain('\n');
  });

  test.skipIf(realClips === null)(`real clips give as many frames as ffmpeg counts${whyNot(realClips)}`, async () => {
    const { clips } = await listClips(realClips!);
    const found = await Promise.all(
      clips.map(async one => {
        const frames = await Array.fromAsync(readFrames(one, { ffmpeg: tool, rate: 8, side: 64 }));
        return [one.name, frames.length, Math.max(...frames.map(({ seconds: time }) => time)) > 3.5];
      }),
    );
    // Counted by ffmpeg itself: 5.28 s, 9.96 s and twice 3.97 s of frames, 8 in a second.
    expect(found).toEqual([
      ['bigbuckbunny.mp4', 42, true],
      ['bikes.mp4', 80, true],
      ['carphone_distorted.mp4', 32, true],
      ['carphone_pristine.mp4', 32, true],
    ]);
  });
});
