import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../ground/errors.ts';
import { DEFAULT_SIDE, type Frame, type FrameOptions, fitInside, MOST_PIXELS, Pacer } from './frame.ts';

const MOST_BYTES = 256 * 2 ** 20;
/** Most frames of an animation: each has to be decoded after all before it. */
const MOST_PAGES = 10_000;
/** Frames that are decoded at a time hold at most so many pixels. */
const GROUP_PIXELS = 16_000_000;
/** A shorter delay is shown as the longer one, as browsers do. */
const SHORTEST_MS = 20;
const SHOWN_FOR_SHORTEST_MS = 100;

/**
 * Frames of an animated GIF or WebP, each at the time that the delays before it sum to.
 *
 * @param file what messages call the clip
 * @throws {BiolensError} `input` for what is damaged, too large, or has too many frames; `interrupted`
 */
export async function* animationFrames(
  path: string,
  { file, rate, side = DEFAULT_SIDE, signal }: FrameOptions & { readonly file: string },
): AsyncGenerator<Frame> {
  const refuse = (why: string, cause?: unknown): BiolensError =>
    new BiolensError('input', `${file}: ${why}`, { details: { file }, cause });
  const bytes = await readWhole(path, file);
  const limits = { failOn: 'error', limitInputPixels: MOST_PIXELS } as const;
  try {
    const { pages = 1, delay = [], width, height, pageHeight = height } = await sharp(bytes, limits).metadata();
    if (pages > MOST_PAGES) throw refuse(`${pages} frames, more than the limit of ${MOST_PAGES}`);
    if (width * pageHeight > MOST_PIXELS) throw refuse(`frames of ${width} × ${pageHeight} pixels are too large`);
    const pacer = new Pacer(rate);
    const wanted: { readonly page: number; readonly seconds: number }[] = [];
    for (let page = 0, ms = 0; page < pages; page++) {
      if (pacer.takes(ms / 1000)) wanted.push({ page, seconds: ms / 1000 });
      const shown = delay[page] ?? SHOWN_FOR_SHORTEST_MS;
      ms += shown < SHORTEST_MS ? SHOWN_FOR_SHORTEST_MS : shown;
    }
    const group = Math.max(1, Math.floor(GROUP_PIXELS / (width * pageHeight)));
    const size = fitInside(width, pageHeight, side);
    for (let i = 0; i < wanted.length; ) {
      throwIfAborted(signal);
      const first = wanted[i]!.page;
      let next = i + 1;
      while (next < wanted.length && wanted[next]!.page < first + group) next++;
      const count = wanted[next - 1]!.page - first + 1;
      const { data, info } = await sharp(bytes, { ...limits, page: first, pages: count })
        .resize({ ...size, fit: 'fill' })
        .flatten({ background: '#ffffff' })
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const frame = size.width * size.height * 3;
      if (info.channels !== 3 || data.length !== frame * count) throw new Error('its frames differ in size');
      for (; i < next; i++) {
        const { page, seconds } = wanted[i]!;
        const at = (page - first) * frame;
        yield { seconds, image: { ...size, data: Uint8Array.from(data.subarray(at, at + frame)) } };
      }
    }
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw refuse(`a damaged animation (${messageOf(error)})`, error);
  }
}

async function readWhole(path: string, file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size === 0) throw new BiolensError('input', `${file}: an empty file`, { details: { file } });
    if (size > MOST_BYTES)
      throw new BiolensError('input', `${file}: ${size} bytes, more than the limit of ${MOST_BYTES}`, {
        details: { file },
      });
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}
