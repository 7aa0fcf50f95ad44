import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShownClip, ShownPair, Span, VideoPair } from '../../../ground/contracts/index.ts';
import { writeAtomically } from '../../../ground/disk.ts';
import { contactSheet, encodeWebp, type Image, resizeImage } from '../../../kit/images/index.ts';
import { type Clip, type Ffmpeg, readFrames } from '../../../kit/video/index.ts';
import type { AuditVideoConfiguration } from '../configuration.ts';
import { type AuditVideoStep, step } from '../events.ts';
import { cellMotion } from '../motion/cell-motion.ts';
import { FlowEstimator } from '../motion/flow.ts';
import { greySquare } from '../motion/grey-square.ts';
import type { ClipFeatures } from '../read/clip-features.ts';

/** Pairs that a page shows, and frames of each. */
const MOST_PAIRS = 12;
const MOST_FRAMES = 40;
const FRAMES_A_SECOND = 8;
const COLUMNS = 8;
/** Pixels of a frame on the sheet: eight of them are as wide as an image of a page may be. */
const CELL_WIDTH = 120;
const MOST_HEIGHT = 160;
/** Seconds that are shown before and after what matched. */
const AROUND = 0.75;

interface Known {
  readonly clip: Clip;
  readonly features: ClipFeatures;
}

/** The moments of both clips that are shown side by side. */
interface Moments {
  readonly generated: readonly number[];
  readonly training: readonly number[];
  readonly matched: [number, number] | null;
}

/** Frames evenly over what matched and a little around it, and the same moments of the training clip by the line of the match. */
function momentsOf(span: Span | undefined, generated: ClipFeatures): Moments {
  const [start, end] = [generated.start, generated.start + generated.seconds];
  const matched = span?.generated ?? ([start, end] as const);
  const from = Math.max(start, matched[0] - AROUND);
  const to = Math.min(end, matched[1] + AROUND);
  const n = Math.max(2, Math.min(MOST_FRAMES, Math.round((to - from) * FRAMES_A_SECOND)));
  const shown = Array.from({ length: n }, (_, i) => from + ((i + 0.5) * (to - from)) / n);
  if (span === undefined) return { generated: shown, training: shown, matched: null };
  const [first, last] = span.reversed ? [span.training[1], span.training[0]] : span.training;
  const length = Math.max(1e-6, matched[1] - matched[0]);
  const training = shown.map(t => Math.max(0, first + ((t - matched[0]) / length) * (last - first)));
  const inside = shown.map(t => t >= matched[0] && t <= matched[1]);
  return { generated: shown, training, matched: [inside.indexOf(true), inside.lastIndexOf(true) + 1] };
}

/** The frames of a clip nearest to some moments, and the motion at them. */
async function framesAt(
  known: Known,
  moments: readonly number[],
  options: { readonly ffmpeg: Ffmpeg | null; readonly frameRate: number; readonly signal: AbortSignal | undefined },
): Promise<{ readonly frames: Image[]; readonly seconds: number[]; readonly flow: Uint8Array[] }> {
  const distance = moments.map(() => Number.POSITIVE_INFINITY);
  const found = moments.map((): { frame: Image; seconds: number; flow: Uint8Array } | null => null);
  const estimator = new FlowEstimator();
  const last = Math.max(...moments) + 1;
  let before: { readonly image: Image; readonly seconds: number; readonly grey: Float32Array } | null = null;
  const keep = (image: Image, seconds: number, flow: Uint8Array): void => {
    for (const [i, moment] of moments.entries())
      if (Math.abs(moment - seconds) < distance[i]!) {
        distance[i] = Math.abs(moment - seconds);
        found[i] = { frame: image, seconds, flow };
      }
  };
  for await (const { image, seconds } of readFrames(known.clip, {
    ...options,
    rate: 2 * FRAMES_A_SECOND,
    side: MOST_HEIGHT,
  })) {
    const grey = greySquare(image, { x: 0, y: 0, width: image.width, height: image.height });
    if (before !== null)
      keep(before.image, before.seconds, cellMotion(estimator.estimate(before.grey, grey), seconds - before.seconds));
    before = { image, seconds, grey };
    if (seconds > last) break;
  }
  if (before !== null) keep(before.image, before.seconds, cellMotion(null, 1));
  return {
    frames: found.map(one => one!.frame),
    seconds: found.map(one => Math.round(one!.seconds * 1000) / 1000),
    flow: found.map(one => one!.flow),
  };
}

async function writeSheet(
  run: string,
  sheet: string,
  { frames, seconds, flow }: Awaited<ReturnType<typeof framesAt>>,
): Promise<ShownClip> {
  const [first] = frames;
  const shape = Math.min(MOST_HEIGHT, Math.max(8, Math.round((CELL_WIDTH * first!.height) / first!.width)));
  const cells = await Promise.all(frames.map(frame => resizeImage(frame, { width: CELL_WIDTH, height: shape })));
  const columns = Math.min(COLUMNS, cells.length);
  await writeAtomically(join(run, sheet), await encodeWebp(contactSheet(cells, { columns, gap: 0 }), { quality: 80 }), {
    mode: 0o600,
  });
  return {
    sheet,
    columns,
    width: CELL_WIDTH,
    height: shape,
    seconds,
    flow: Buffer.concat(flow).toString('base64'),
  };
}

/** Writes sheets of frames of the pairs that matter most, in step, with the motion of each frame: those called first. */
export async function* showPairs(
  run: string,
  options: {
    readonly pairs: readonly VideoPair[];
    readonly read: Readonly<Record<'training' | 'generated', readonly Known[]>>;
    readonly ffmpeg: Ffmpeg | null;
    readonly configuration: AuditVideoConfiguration;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<AuditVideoStep, ShownPair[]> {
  const { pairs, read, ffmpeg, configuration, signal } = options;
  const known = {
    training: new Map(read.training.map(one => [one.clip.name, one])),
    generated: new Map(read.generated.map(one => [one.clip.name, one])),
  };
  const wanted = [
    ...pairs.filter(({ copy }) => copy).map(pair => ({ pair, why: 'content' as const, training: pair.training })),
    ...pairs
      .filter(({ copy, nearestMotion }) => !copy && nearestMotion?.copy)
      .map(pair => ({ pair, why: 'motion' as const, training: pair.nearestMotion!.training })),
    ...pairs
      .filter(({ copy, nearestMotion }) => !copy && !nearestMotion?.copy)
      .map(pair => ({ pair, why: 'content' as const, training: pair.training })),
  ].slice(0, MOST_PAIRS);
  await mkdir(join(run, 'artifacts', 'clips'), { recursive: true, mode: 0o700 });
  const shown: ShownPair[] = [];
  for (const [i, { pair, why, training }] of wanted.entries()) {
    yield step('keeping frames for the page', i, wanted.length);
    const [ours, theirs] = [known.generated.get(pair.generated)!, known.training.get(training)!];
    const moments = momentsOf(why === 'content' ? pair.spans[0] : undefined, ours.features);
    const reading = { ffmpeg, frameRate: configuration.frameRate, signal };
    const sheetOf = async (side: 'generated' | 'training', one: Known, at: readonly number[]) =>
      await writeSheet(run, `artifacts/clips/${i}-${side}.webp`, await framesAt(one, at, reading));
    shown.push({
      generated: pair.generated,
      training,
      why,
      matched: moments.matched,
      clips: {
        generated: await sheetOf('generated', ours, moments.generated),
        training: await sheetOf('training', theirs, moments.training),
      },
    });
  }
  return shown;
}
