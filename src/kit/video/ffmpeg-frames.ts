import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Ffmpeg } from './find-ffmpeg.ts';
import { DEFAULT_SIDE, type Frame, type FrameOptions, MOST_FRAMES, MOST_PIXELS, SLACK } from './frame.ts';
import { PixelCount } from './free-pixels.ts';
import { readPixmaps } from './pixmap-stream.ts';

/** Of what ffmpeg says, so much is kept for the message of a failure; the rest is read and dropped. */
const KEPT_CHARACTERS = 4000;
const SHOWN_CHARACTERS = 200;
/** A time line is shorter; without its end no more is kept. */
const MOST_LINE = 200;
/** So long may nothing come before the clip counts as one that cannot be decoded. */
const IDLE_MS = 60_000;

/** Containers by their first bytes, as ffmpeg calls them: nothing else is opened, since playlists and scripts can name other files. */
function containerOf(head: Uint8Array): 'mov' | 'matroska' | 'avi' | null {
  const text = Buffer.from(head).toString('latin1');
  if (/^(?:ftyp|moov|mdat|wide|free|skip|pnot)/.test(text.slice(4))) return 'mov';
  if (text.startsWith('\x1aE\xdf\xa3')) return 'matroska';
  return text.startsWith('RIFF') && text.slice(8, 11) === 'AVI' ? 'avi' : null;
}

async function sniff(path: string, file: string): Promise<string> {
  const refuse = (why: string): BiolensError => new BiolensError('input', `${file}: ${why}`, { details: { file } });
  const head = new Uint8Array(16);
  let bytesRead: number;
  try {
    await using handle = await open(path);
    ({ bytesRead } = await handle.read(head, 0, head.length, 0));
  } catch (error) {
    throw fileError(path, error);
  }
  if (bytesRead === 0) throw refuse('an empty file');
  const container = containerOf(head.subarray(0, bytesRead));
  if (container === null) throw refuse('not a video (MP4, MOV, MKV, WebM or AVI)');
  return container;
}

/** The first frame of each 1/rate seconds by its own time, upright, of square pixels, within a square; its time goes to a pipe of its own. */
function filterOf(rate: number, side: number): string {
  const place = (time: string): string => `floor(${time}*${rate}+${SLACK})`;
  const longest = `min(${side},max(iw*sar,ih))`;
  return [
    `select='isnan(prev_selected_t)+gt(${place('t')},${place('prev_selected_t')})'`,
    `scale=w='max(1,round(${longest}*min(1,dar)))':h='max(1,round(${longest}*min(1,1/dar)))'`,
    'setsar=1',
    'metadata=mode=add:key=biolens:value=1',
    "metadata=mode=print:key=biolens:direct=1:file='pipe\\:3'",
  ].join(',');
}

/** The times of frames as ffmpeg tells them, each asked for once and in order. */
class Times {
  readonly #known: number[] = [];
  #rest = '';
  #waiting: (() => void) | null = null;
  #over = false;

  constructor(stream: Readable) {
    stream.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = (lines.pop() ?? '').slice(-MOST_LINE);
      for (const line of lines) {
        const found = /^frame:.{0,80}?pts_time:(-?[\d.]{1,30})/.exec(line);
        if (found !== null) this.#known.push(Number(found[1]));
      }
      this.#wake();
    });
    stream.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }

  async next(): Promise<number | null> {
    while (this.#known.length === 0 && !this.#over)
      await new Promise<void>(woken => {
        this.#waiting = woken;
      });
    return this.#known.shift() ?? null;
  }
}

/** The last thing that was said, without what names the part of the program that said it. */
function lastWords(said: string): string {
  const lines = said.split(/[\r\n]+/).filter(line => line.trim() !== '');
  const telling =
    lines.findLast(line => !/Conversion failed|Nothing was written|Output file|Error opening input/.test(line)) ?? '';
  return telling.replace(/^\[[^\]]{0,80}\] /, '').slice(0, SHOWN_CHARACTERS);
}

function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}

/**
 * Frames of a video by an `ffmpeg` child: rotation in the container is applied, pixels are made square, times are those of the stream. The child decodes only
 * while frames are asked for, and ends with the generator, with the signal, and with this process. What it says is always read.
 *
 * Adversary: whoever made the file. The container is told from its bytes and no other is opened, no protocol but files, no frame above 64 million pixels; what
 * the decoder itself does with damaged data is ffmpeg's matter.
 *
 * @param file what messages call the clip
 * @throws {BiolensError} `input` with one line for what has no video, or none that can be decoded; `interrupted`
 */
export async function* ffmpegFrames(
  path: string,
  options: FrameOptions & { readonly ffmpeg: Ffmpeg; readonly file: string; readonly idleMs?: number },
): AsyncGenerator<Frame> {
  const { ffmpeg, file, rate, side = DEFAULT_SIDE, signal, idleMs = IDLE_MS } = options;
  throwIfAborted(signal);
  const container = await sniff(path, file);
  const child = spawn(
    ffmpeg.path,
    [
      ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'warning', '-protocol_whitelist', 'file,pipe'],
      ...['-max_pixels', String(MOST_PIXELS), '-f', container, '-i', `file:${resolve(path)}`],
      ...['-map', '0:V:0', '-vf', filterOf(rate, side), ...ffmpeg.passthrough],
      ...['-f', 'image2pipe', '-c:v', 'ppm', '-pix_fmt', 'rgb24', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], windowsHide: true },
  );
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-KEPT_CHARACTERS);
  });
  const ended = new Promise<void>(over => {
    child.once('close', () => over());
    child.once('error', error => {
      said += `\n${error.message}`;
      over();
    });
  });
  const times = new Times(child.stdio[3] as Readable);
  const end = (): void => kill(child);
  let idle = false;
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => {
      idle = true;
      end();
    }, idleMs);
  let timer = watch();
  signal?.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  const refuse = (why: string): BiolensError => new BiolensError('input', `${file}: ${why}`, { details: { file } });
  let frames = 0;
  const pixels = new PixelCount();
  try {
    try {
      for await (const image of readPixmaps(child.stdout!, { side })) {
        const seconds = await times.next();
        throwIfAborted(signal);
        if (seconds === null) throw new BiolensError('external', 'frames from ffmpeg: a frame without a time');
        if (++frames > MOST_FRAMES) throw refuse(`more than ${MOST_FRAMES} frames`);
        // Whoever takes the frame may take their time.
        clearTimeout(timer);
        yield { seconds, image };
        pixels.add(image.data.length);
        timer = watch();
      }
      await ended;
    } catch (error) {
      throwIfAborted(signal);
      if (!idle) throw error;
    }
    throwIfAborted(signal);
    if (idle) throw refuse(`no frame came for ${idleMs / 1000} s, it cannot be decoded`);
    if (frames === 0) {
      const why = lastWords(said);
      throw refuse(
        /matches no streams/.test(said)
          ? 'there is no video in it'
          : `no frame of it can be decoded${why === '' ? '' : ` (${why})`}`,
      );
    }
  } finally {
    clearTimeout(timer);
    end();
    signal?.removeEventListener('abort', end);
    process.off('exit', end);
  }
}
