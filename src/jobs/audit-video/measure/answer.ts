import type { Replication } from '../../../ground/contracts/index.ts';
import { foldIn, quantile, type RandomKey } from '../../../ground/math/index.ts';
import type { Pairwise } from '../../audit/index.ts';
import { type AuditVideoStep, step } from '../events.ts';
import type { ClipFeatures } from '../read/clip-features.ts';
import { type ClipSet, type Common, commonOf, joinClips } from './clip-set.ts';
import { type CompareOptions, compareContent, compareMotion, NOTHING, type ScoredRow } from './compare-sets.ts';
import { type Answer, callClips, clusterDuplicates, type Question, relabelClips } from './statistics.ts';
import { type Compared, Tally } from './tally.ts';

export interface AnswerOptions extends CompareOptions {
  readonly pairwise: Pairwise;
  readonly falseMatchRate: number;
  readonly falseDiscoveryRate: number;
  readonly permutations: number;
  readonly key: RandomKey;
}

export interface Answered {
  readonly question: Question;
  readonly answer: Answer;
  readonly permutation: Replication['permutation'];
}

export interface Answers {
  readonly common: Common;
  readonly content: Answered;
  readonly motion: Answered;
  /** `[generated]` how the clip moves like the one that it looks most like; null without motion. */
  readonly motionOfNearest: readonly (number | null)[];
  /** Median content score of clips that cannot be copies. */
  readonly usual: number;
  readonly source: 'heldout-to-training' | 'training-to-training';
  /** Training clips that are duplicates of another one; null where that cannot be told. */
  readonly duplicates: number | null;
  /** Held-out clips that are in the training set. */
  readonly overlapping: number;
}

/** Training clips beyond which duplicates among them are not looked for: all their pairs are held. */
const MOST_PAIRED = 4000;
/** Held-out clips from which on they are the control. */
const LEAST_HELDOUT = 20;

interface Sides {
  readonly set: ClipSet;
  readonly mirrored: ClipSet;
}

type Read = Readonly<Record<'training' | 'generated', readonly { readonly features: ClipFeatures }[]>> & {
  readonly heldout: readonly { readonly features: ClipFeatures }[] | null;
};

/** Visits the scores of clips one after the other. */
async function* visit(
  stage: string,
  rows: AsyncIterable<ScoredRow>,
  { clips, see }: { readonly clips: number; readonly see: (row: ScoredRow) => void },
): AsyncGenerator<AuditVideoStep> {
  for await (const row of rows) {
    see(row);
    if (row.clip % 8 !== 0) continue;
    yield step(stage, row.clip, clips);
    // Signals and others get their turn between two steps of long work.
    await new Promise(resolve => setImmediate(resolve));
  }
}

async function* tally(
  stage: string,
  rows: AsyncIterable<ScoredRow>,
  {
    clips,
    skip,
    cluster,
    see,
  }: {
    readonly clips: number;
    readonly skip?: (clip: number, other: number) => boolean;
    readonly cluster?: Int32Array;
    readonly see?: (row: ScoredRow) => void;
  },
): AsyncGenerator<AuditVideoStep, Compared> {
  const sum = new Tally();
  yield* visit(stage, rows, {
    clips,
    see: row => {
      sum.add(row.scores, { skip: skip && (other => skip(row.clip, other)), cluster });
      see?.(row);
    },
  });
  return sum.done();
}

/** Scores that are known already. */
async function* again(rows: readonly Float32Array[]): AsyncGenerator<ScoredRow> {
  for (const [clip, scores] of rows.entries()) yield { clip, scores };
}

/** Asks of all generated clips whether they copy what training clips show, and how they move. */
export async function* answer(read: Read, options: AnswerOptions): AsyncGenerator<AuditVideoStep, Answers> {
  const { key, falseMatchRate, falseDiscoveryRate, permutations, signal } = options;
  const featuresOf = (clips: readonly { readonly features: ClipFeatures }[]) => clips.map(({ features }) => features);
  const [trained, made, others] = [
    featuresOf(read.training),
    featuresOf(read.generated),
    featuresOf(read.heldout ?? []),
  ];
  // Real clips of both kinds alike, so that relabelling them changes nothing.
  const common = commonOf([...trained, ...others]);
  const sidesOf = (clips: readonly ClipFeatures[]): Sides => ({
    set: joinClips(clips, { common }),
    mirrored: joinClips(clips, { common, mirrored: true }),
  });
  const [training, generated] = [sidesOf(trained), sidesOf(made)];

  const own: Float32Array[] = [];
  if (trained.length <= MOST_PAIRED)
    yield* visit('comparing training clips', compareContent(training.set, training.set, options), {
      clips: trained.length,
      see: ({ scores }) => own.push(scores),
    });
  const { threshold: duplicate, leader } =
    own.length > 0 ? clusterDuplicates(own) : { threshold: null, leader: Int32Array.from(trained, (_, i) => i) };
  const leaders = [...new Set(leader)];
  const cluster = Int32Array.from(leader, first => leaders.indexOf(first));
  const sizes = new Int32Array(leaders.length);
  for (const one of cluster) sizes[one]!++;

  // Held-out clips that are in the training set are no examples of clips that are not.
  const clean: ClipFeatures[] = [];
  const cleanInTraining = new Tally();
  if (others.length > 0)
    yield* visit('comparing held-out clips', compareContent(joinClips(others, { common }), training.set, options), {
      clips: others.length,
      see: ({ clip, scores }) => {
        if (duplicate !== null && scores.some(score => score >= duplicate)) return;
        clean.push(others[clip]!);
        cleanInTraining.add(scores);
      },
    });
  const heldout = clean.length > 0 ? sidesOf(clean) : null;
  const byHeldout = heldout !== null && clean.length >= LEAST_HELDOUT;
  const control = byHeldout ? heldout : training;
  const controlClips = byHeldout ? clean.length : trained.length;
  const skip = byHeldout ? () => false : (clip: number, other: number) => cluster[clip] === cluster[other];
  const usable = (compared: Compared): number[] =>
    Array.from(compared.top1.keys()).filter(i => compared.top1[i]! > NOTHING && (byHeldout || leader[i] === i));
  const ask = (asked: Pick<Question, 'generated' | 'control' | 'inHeldout'>, name: string): Answered => {
    const question: Question = {
      ...asked,
      usable: usable(asked.control),
      units: { training: leaders.length, heldout: clean.length },
    };
    return {
      question,
      answer: callClips(question, { falseMatchRate, falseDiscoveryRate }),
      permutation: relabelClips(question, { permutations, key: foldIn(key, name), signal }),
    };
  };

  const content = ask(
    {
      generated: yield* tally('comparing what clips show', compareContent(generated.set, training.set, options), {
        clips: made.length,
        cluster,
      }),
      control: byHeldout
        ? cleanInTraining.done()
        : yield* tally(
            'comparing what real clips show',
            own.length > 0 ? again(own) : compareContent(training.set, training.set, options),
            { clips: trained.length, skip },
          ),
      inHeldout:
        heldout === null
          ? null
          : yield* tally('comparing with held-out clips', compareContent(generated.set, heldout.set, options), {
              clips: made.length,
            }),
    },
    'content',
  );
  const motionOfNearest: (number | null)[] = made.map(() => null);
  const motionOf = (of: Sides, among: ClipSet) => compareMotion({ of: of.set, mirrored: of.mirrored, among }, options);
  const motion = ask(
    {
      generated: yield* tally('comparing how clips move', motionOf(generated, training.set), {
        clips: made.length,
        cluster,
        see: ({ clip, scores }) => {
          const score = scores[content.question.generated.nearest[clip]!] ?? NOTHING;
          motionOfNearest[clip] = score > NOTHING ? score : null;
        },
      }),
      control: yield* tally('comparing how real clips move', motionOf(control, training.set), {
        clips: controlClips,
        skip,
      }),
      inHeldout:
        heldout === null
          ? null
          : yield* tally('comparing motion with held-out clips', motionOf(generated, heldout.set), {
              clips: made.length,
            }),
    },
    'motion',
  );
  const controls = content.question.usable.map(i => content.question.control.top1[i]!);
  return {
    common,
    content,
    motion,
    motionOfNearest,
    usual: controls.length === 0 ? 0 : quantile(Float64Array.from(controls).sort(), 0.5),
    source: byHeldout ? 'heldout-to-training' : 'training-to-training',
    duplicates: duplicate === null ? null : cluster.filter(one => sizes[one]! > 1).length,
    overlapping: others.length - clean.length,
  };
}
