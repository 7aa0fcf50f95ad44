import {
  type AuditVideoReport,
  auditVideoReportSchema,
  missingMetric,
  type SetName,
  type VideoPair,
} from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, proportionMetric, randomKey } from '../../ground/math/index.ts';
import type { Embedder } from '../../kit/faces/index.ts';
import { type Run, resumeItems } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import { type Clip, type Ffmpeg, type ListedClips, readFrames } from '../../kit/video/index.ts';
import { enginePairwise, NO_HELDOUT } from '../audit/index.ts';
import type { AuditVideoConfiguration } from './configuration.ts';
import { type AuditVideoItem, type AuditVideoStep, auditVideoItemSchema, step } from './events.ts';
import { type Answers, answer } from './measure/answer.ts';
import { describePair } from './measure/pair.ts';
import { microAp, segmentAp, type VscMatch } from './measure/vsc.ts';
import { MOTION_FLOOR } from './motion/motion-score.ts';
import { type ClipFeatures, readFeatures } from './read/clip-features.ts';
import { loadFeatures, storeFeatures } from './read/feature-store.ts';
import { showPairs } from './show/show-pairs.ts';
import { writeVideoVerdict } from './verdict.ts';

/** The sets of an audit as they are known before work. */
export interface VideoSets {
  readonly training: ListedClips & { readonly source: string };
  readonly generated: ListedClips & { readonly source: string };
  readonly heldout: (ListedClips & { readonly source: string }) | null;
}

export interface VideoWork {
  readonly configuration: AuditVideoConfiguration;
  readonly sets: VideoSets;
  readonly truth: readonly VscMatch[] | null;
  readonly ffmpeg: Ffmpeg | null;
  readonly embedder: Embedder;
  readonly signal: AbortSignal | undefined;
}

const SETS = ['training', 'generated', 'heldout'] as const;
const LEAST_CLIPS = { training: 2, generated: 1, heldout: 1 } as const;

/** A clip that was read. */
export interface ReadClip {
  readonly clip: Clip;
  readonly features: ClipFeatures;
}

export type ReadSets = Readonly<Record<'training' | 'generated', readonly ReadClip[]>> & {
  readonly heldout: readonly ReadClip[] | null;
};

interface Listed {
  readonly set: SetName;
  readonly clip: Clip;
}

const keyOf = (set: string, clip: string): string => `${set}/${clip}`;

/** Reads every clip once, and keeps what was read in the run's folder until the report is there. */
async function* readAll(run: Run, work: VideoWork): AsyncGenerator<AuditVideoStep> {
  const { configuration, sets, ffmpeg, embedder, signal } = work;
  const listed = listedOf(sets);
  const places = new Map(listed.map(({ set, clip }, index) => [keyOf(set, clip.name), { set, clip, index }]));
  const read = async (key: string): Promise<AuditVideoItem> => {
    const { set, clip, index } = places.get(key)!;
    const { rate, motionRate, frameRate } = configuration;
    try {
      const frames = readFrames(clip, { ffmpeg, rate: Math.max(rate, motionRate), frameRate, signal });
      const features = await readFeatures(clip.name, frames, { embedder, rate, motionRate, signal });
      return { set, clip: clip.name, features: await storeFeatures(run.path, index, features) };
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'input')) throw error;
      const named = `${clip.name}: `;
      const reason = error.message.startsWith(named) ? error.message.slice(named.length) : error.message;
      return { set, clip: clip.name, features: null, reason };
    }
  };
  for await (const { done, total } of resumeItems({
    run,
    schema: auditVideoItemSchema,
    keys: [...places.keys()],
    keyOf: ({ set, clip }) => keyOf(set, clip),
    async *work(left) {
      for (const key of left) {
        throwIfAborted(signal);
        yield [await read(key)];
      }
    },
    signal,
  }))
    yield step('reading clips', done, total);
}

const listedOf = (sets: VideoSets): Listed[] =>
  SETS.flatMap(set => (sets[set]?.clips ?? []).map((clip): Listed => ({ set, clip })));

async function collect(
  run: Run,
  sets: VideoSets,
): Promise<{ readonly read: ReadSets; readonly skipped: AuditVideoReport['skipped'] }> {
  const items = new Map<string, AuditVideoItem>();
  for await (const item of run.items(auditVideoItemSchema)) items.set(keyOf(item.set, item.clip), item);
  const found: Record<SetName, ReadClip[]> = { training: [], generated: [], heldout: [] };
  const skipped: AuditVideoReport['skipped'] = SETS.flatMap(set =>
    (sets[set]?.skipped ?? []).map(one => ({ set, ...one })),
  );
  for (const [index, { set, clip }] of listedOf(sets).entries()) {
    const item = items.get(keyOf(set, clip.name))!;
    if (item.features === null) skipped.push({ set, file: clip.name, reason: item.reason ?? 'it cannot be read' });
    else found[set].push({ clip, features: await loadFeatures(run.path, index, item.features) });
  }
  for (const set of SETS) {
    if (sets[set] === null || found[set].length >= LEAST_CLIPS[set]) continue;
    const first = skipped.find(one => one.set === set);
    const why = first === undefined ? '' : ` (${first.file}: ${first.reason})`;
    throw new BiolensError(
      'input',
      `${sets[set].source}: ${found[set].length} clips can be read, expected ${LEAST_CLIPS[set]} or more${why}`,
      { details: { file: sets[set].source } },
    );
  }
  return { read: { ...found, heldout: sets.heldout === null ? null : found.heldout }, skipped };
}

function summariseSet(source: string, files: number, clips: readonly ReadClip[]) {
  return {
    source,
    files,
    n: clips.length,
    still: clips.filter(({ features }) => features.motion.level < MOTION_FLOOR).length,
    seconds: clips.reduce((sum, { features }) => sum + features.seconds, 0),
  };
}

function pairsOf({ training, generated }: ReadSets, answers: Answers, window: number): VideoPair[] {
  const { content, motion, motionOfNearest, usual } = answers;
  return generated
    .map(({ clip, features }, i): VideoPair => {
      const nearest = training[content.question.generated.nearest[i]!]!;
      const similarity = content.question.generated.top1[i]!;
      const called = content.answer.rows[i]!;
      const { threshold } = content.answer;
      const like = motion.question.generated.nearest[i]!;
      const alike = called.copy || (threshold !== null && similarity >= threshold);
      return {
        generated: clip.name,
        training: nearest.clip.name,
        similarity,
        ...called,
        content: similarity,
        motion: motionOfNearest[i]!,
        ...describePair(features, nearest.features, {
          common: answers.common,
          window,
          // Half way between what is usual among clips that have nothing in common, and what these two have.
          threshold: alike ? (similarity + usual) / 2 : null,
        }),
        nearestMotion:
          like < 0
            ? null
            : {
                training: training[like]!.clip.name,
                similarity: motion.question.generated.top1[i]!,
                ...motion.answer.rows[i]!,
              },
      };
    })
    .sort((a, b) => b.similarity - a.similarity);
}

function scoreTruth(truth: readonly VscMatch[] | null, pairs: readonly VideoPair[]): AuditVideoReport['truth'] {
  if (truth === null) return null;
  const predictions = pairs.flatMap(({ generated, training, similarity, spans }) =>
    spans.map(span => ({
      query: generated,
      reference: training,
      queryStart: span.generated[0],
      queryEnd: span.generated[1],
      referenceStart: span.training[0],
      referenceEnd: span.training[1],
      score: similarity,
    })),
  );
  const n = new Set(truth.map(({ query, reference }) => JSON.stringify([query, reference]))).size;
  const metric = (value: number, count: number) => ({ value, n: count, interval: null });
  return {
    segments: truth.length,
    pairs: n,
    microAp: metric(microAp(truth, predictions), n),
    segmentAp: metric(segmentAp(truth, predictions), truth.length),
  };
}

async function* answerOn(run: Run, read: ReadSets, work: VideoWork): AsyncGenerator<AuditVideoStep, Answers> {
  const { ffmpeg, signal } = work;
  const { device, window, falseMatchRate, falseDiscoveryRate, permutations, seed } = work.configuration;
  const runtime = await openRuntime({ device });
  try {
    await run.note({
      engine: runtime.engine,
      device: runtime.device,
      ...(ffmpeg === null ? {} : { digests: { 'ffmpeg version': ffmpeg.version } }),
    });
    return yield* answer(read, {
      pairwise: enginePairwise(runtime),
      window,
      falseMatchRate,
      falseDiscoveryRate,
      permutations,
      key: foldIn(randomKey(seed), 'audit-video'),
      signal,
    });
  } finally {
    await runtime.close();
  }
}

/**
 * Compares generated clips with training clips: what they show by the embeddings of their frames in any order, how they move by optical flow less the camera's motion,
 * each called by the procedure of the audit of stills; and from which second to which the one lies in the other. See docs/audit-video.md.
 */
export async function* auditVideo(run: Run, work: VideoWork): AsyncGenerator<AuditVideoStep, AuditVideoReport> {
  const { configuration, sets, embedder, ffmpeg, truth, signal } = work;
  const { rate, motionRate, window, falseMatchRate, falseDiscoveryRate } = configuration;
  yield* readAll(run, work);
  const { read, skipped } = await collect(run, sets);
  const answers = yield* answerOn(run, read, work);
  yield step('finding where clips match');
  const pairs = pairsOf(read, answers, window);
  const shown = yield* showPairs(run.path, { pairs, read, ffmpeg, configuration, signal });
  const told = {
    sets: {
      training: summariseSet(sets.training.source, sets.training.clips.length, read.training),
      generated: summariseSet(sets.generated.source, sets.generated.clips.length, read.generated),
      heldout:
        sets.heldout === null || read.heldout === null
          ? null
          : summariseSet(sets.heldout.source, sets.heldout.clips.length, read.heldout),
    },
    replication: {
      ...questionOf(answers.content, answers.source),
      falseMatchRate,
      falseDiscoveryRate,
      heldoutOverlap:
        read.heldout === null ? missingMetric(NO_HELDOUT) : proportionMetric(answers.overlapping, read.heldout.length),
      duplicates:
        answers.duplicates === null
          ? missingMetric('too few training clips to tell duplicates from look-alikes', read.training.length)
          : proportionMetric(answers.duplicates, read.training.length),
      motion: questionOf(answers.motion, answers.source),
      pairs,
    },
    truth: scoreTruth(truth, pairs),
    skipped,
  };
  return auditVideoReportSchema.parse({
    schema: 'biolens/audit-video@1',
    settings: { embedder: { name: embedder.name, width: embedder.width }, rate, motionRate, window },
    ...told,
    shown,
    verdict: writeVideoVerdict(told),
  });
}

function questionOf({ answer: { rows: _, ...said }, permutation }: Answers['content'], source: Answers['source']) {
  return { ...said, calibration: { source, ...said.calibration }, permutation };
}
