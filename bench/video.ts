import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ffmpeg, ffmpegPath } from '../test/video/parts.ts';
import type { BenchResult } from './bench-result.ts';

const TURNS = 4;
const SECONDS = 63;
const LONGER = 8;

interface Turn {
  /** Of the processor, the children's included. */
  readonly cpu: number;
  readonly wall: number;
  readonly peakMegabytes: number;
  /** What was done: frames, or pairs of frames. */
  readonly done: number;
  readonly error: number | null;
}

function ours(script: string, ...args: string[]): Turn {
  const path = resolve(import.meta.dirname, script);
  return JSON.parse(execFileSync(process.execPath, [path, ...args], { encoding: 'utf8' })) as Turn;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const ratio = (ratios: readonly number[]): string =>
  `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;

/** Reading frames beside ffmpeg alone, and optical flow beside OpenCV.js. */
export async function bench(): Promise<BenchResult> {
  if (ffmpegPath === null) throw new Error('there is no ffmpeg: node scripts/setup.js --browser fetches one');
  const opencv = process.env.BIOLENS_OPENCV_JS;
  if (opencv === undefined)
    throw new Error('BIOLENS_OPENCV_JS expected the folder in which "npm install @techstark/opencv-js" was done');
  const folder = mkdtempSync(join(tmpdir(), 'biolens-video-bench-'));
  try {
    const [short, long] = [join(folder, 'short.mp4'), join(folder, 'long.mp4')];
    const source = `testsrc2=size=1280x720:rate=25:duration=${SECONDS}`;
    const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
    ffmpeg(['-f', 'lavfi', '-i', source, ...encoding, short]);
    ffmpeg(['-stream_loop', String(LONGER - 1), '-i', short, '-c', 'copy', long]);
    const reads: { ours: Turn; peer: Turn }[] = [];
    for (let turn = 0; turn < TURNS; turn++)
      reads.push({ ours: ours('video-frames.ts', 'ours', short), peer: ours('video-frames.ts', 'peer', short) });
    const longer = ours('video-frames.ts', 'ours', long);
    const flows: { ours: Turn; peer: Turn }[] = [];
    for (let turn = 0; turn < TURNS; turn++)
      flows.push({ ours: ours('video-flow.ts', 'ours'), peer: ours('video-flow.ts', opencv) });
    const rate = ({ done, cpu }: Turn): number => done / cpu;
    return {
      title: 'Frames of a video, and optical flow',
      columns: ['work', 'ours', 'peer', 'ratio'],
      rows: [
        [
          `frames at 1 a second of ${SECONDS} s of 720p (s of the processor)`,
          median(reads.map(read => read.ours.cpu)).toFixed(2),
          median(reads.map(read => read.peer.cpu)).toFixed(2),
          ratio(reads.map(read => read.ours.cpu / read.peer.cpu)),
        ],
        ['the same, memory of Node (MB)', median(reads.map(read => read.ours.peakMegabytes)).toFixed(0), '–', '–'],
        [`the same, ${LONGER * SECONDS} s (MB)`, longer.peakMegabytes.toFixed(0), '–', '–'],
        [
          'flow of 128 × 128 (pairs in a second of the processor)',
          median(flows.map(flow => rate(flow.ours))).toFixed(0),
          median(flows.map(flow => rate(flow.peer))).toFixed(0),
          ratio(flows.map(flow => rate(flow.ours) / rate(flow.peer))),
        ],
        [
          'the same, median endpoint error (pixels)',
          flows[0]!.ours.error!.toFixed(3),
          flows[0]!.peer.error!.toFixed(3),
          (flows[0]!.ours.error! / flows[0]!.peer.error!).toFixed(2),
        ],
      ],
      notes: [
        `Peers: \`ffmpeg -f null\` of the same build, and Farnebäck's method of @techstark/opencv-js (pyramid 0.5, 4 levels, window 15, 3 rounds, polynomials of 5 pixels), one thread. Medians of ${TURNS} turns taken alternately, each a process of its own; ratios are medians (least–most) of the turns'.`,
        'Processor time, children included, so that other work on the machine counts little. Memory is the peak of the whole Node process.',
        'Endpoint errors are those of shifts of 1 to 8 pixels and rotations of up to 3° of waves between 4 and 50 pixels long, all pixels, also those that leave the frame.',
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
