import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchReport, DiffusionReport, MitigationReport } from '../../ground/contracts/index.ts';
import { runQuiz } from '../../jobs/bench/index.ts';
import { trainRun } from '../../jobs/generators/index.ts';
import { mitigationRun } from '../../jobs/mitigation/index.ts';
import { fitWhitening, trainClassifier } from '../../kit/face-training/index.ts';
import { drawSets } from './drawn-sets.ts';

export interface DemoOptions {
  readonly seed: number;
  /** Where the runs go, and the images and models, in a folder `demo-files`. */
  readonly runsDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** Model of drawn faces that the tour fine-tunes: made by `scripts/train-base-model.ts`; its card lies in it. */
export const BASE_MODEL = fileURLToPath(new URL('./base-model', import.meta.url));

/** A part of the tour, told when it begins. */
export const DEMO_CHAPTERS = ['draw', 'classify', 'train', 'mitigate', 'quiz'] as const;
export type DemoChapter = (typeof DEMO_CHAPTERS)[number];

export type DemoEvent =
  | { readonly type: 'chapter'; readonly chapter: DemoChapter }
  | { readonly type: 'progress'; readonly stage: string; readonly done: number; readonly total: number };

/** A run that the tour made. */
export interface DemoRun<R> {
  readonly path: string;
  readonly report: R;
}

export interface DemoOutcome {
  /** Share of held-out labelled faces whose gender the classifier gets right. */
  readonly classifierAccuracy: number | null;
  readonly training: DemoRun<DiffusionReport>;
  readonly mitigation: DemoRun<MitigationReport>;
  readonly quiz: DemoRun<BenchReport>;
}

/** Found by measuring: a base model that takes over the training set's skew and its repeated image, and settings that move it back, within minutes. */
export const DEMO_SETTINGS = {
  classifier: { size: 16, steps: 400 },
  embedder: { size: 32, width: 64 },
  training: { size: 32, steps: 280, batchSize: 16, learningRate: 2e-3, sheets: 1 },
  mitigation: {
    rounds: 2,
    samples: 192,
    auditSamples: 384,
    gamma: 1,
    reading: 'B',
    integral: 0.75,
    normalise: true,
    rejectCopies: true,
    regulariser: 'balanced',
    steps: 90,
    batch: 16,
    learningRate: 5e-4,
    average: 0.98,
    samplingSteps: 10,
    qualityFloor: 0,
    tolerance: 0.1,
    copied: 0.02,
  },
  quiz: { perTask: 3 },
} as const;

/** What all events of runs have in common, as far as the tour looks at them. */
interface RunEvent {
  readonly type: string;
  readonly path?: string;
  readonly stage?: string;
  readonly done?: number;
  readonly total?: number | null;
}

/** Parts of work that do not name themselves. */
const STAGES: Readonly<Record<string, string>> = {
  read: 'reading images',
  reading: 'reading images',
  step: 'steps',
  building: 'building questions',
  item: 'questions',
};

/** Follows a run to its end; every part of the work has a name of its own. */
async function* follow<R>(work: AsyncGenerator<RunEvent, R>, stage: string): AsyncGenerator<DemoEvent, DemoRun<R>> {
  let path = '';
  let step = await work.next();
  while (!step.done) {
    const { type, done, total, ...event } = step.value;
    if (type === 'run') path = event.path ?? '';
    if (done !== undefined && typeof total === 'number')
      yield { type: 'progress', stage: `${stage}: ${event.stage ?? STAGES[type] ?? type}`, done, total };
    step = await work.next();
  }
  return { path, report: step.value };
}

/** Files of the tour within its folder. */
function filesIn(folder: string) {
  return {
    classifier: join(folder, 'gender.onnx'),
    embedder: join(folder, 'looks.onnx'),
    model: join(folder, 'model'),
    quiz: join(folder, 'questions'),
  };
}

/**
 * The guided tour: draws faces with a skew and with an image that occurs many times, fine-tunes a small diffusion model on them, mitigates what it
 * took over with an audit before and after, and asks the specialist a quiz about drawn faces.
 *
 * @throws what drawing, training, mitigating, auditing and asking throw; `interrupted`.
 */
export async function* runDemo({ seed, runsDir, signal }: DemoOptions): AsyncGenerator<DemoEvent, DemoOutcome> {
  const folder = join(runsDir, 'demo-files');
  await rm(folder, { recursive: true, force: true });
  const files = filesIn(folder);
  const common = { runsDir, signal };

  yield { type: 'chapter', chapter: 'draw' };
  const sets = yield* drawSets(folder, { seed, signal });

  yield { type: 'chapter', chapter: 'classify' };
  const { report: classifier } = yield* follow(
    trainClassifier(sets.labelled, {
      ...DEMO_SETTINGS.classifier,
      attributes: ['gender'],
      output: files.classifier,
      seed,
      signal,
    }),
    'gender classifier',
  );

  // Faces that the model is not trained on, so that it knows what any of them share.
  yield* follow(fitWhitening(sets.labelled, { ...DEMO_SETTINGS.embedder, output: files.embedder, signal }), 'embedder');

  yield { type: 'chapter', chapter: 'train' };
  const training = yield* follow(
    trainRun(
      { ...DEMO_SETTINGS.training, from: BASE_MODEL, images: sets.training, output: files.model, seed },
      { ...common, name: 'demo' },
    ),
    'fine-tuning on the skewed faces',
  );

  yield { type: 'chapter', chapter: 'mitigate' };
  const mitigation = yield* follow(
    mitigationRun(
      {
        ...DEMO_SETTINGS.mitigation,
        model: files.model,
        training: sets.training,
        heldout: sets.heldout,
        replication: true,
        bias: { gender: { male: 0.5, female: 0.5 } },
        classifier: files.classifier,
        embedder: files.embedder,
        noFace: 'whole',
        seed,
      },
      { ...common, name: 'demo' },
    ),
    'mitigating',
  );

  yield { type: 'chapter', chapter: 'quiz' };
  const quiz = yield* follow(
    runQuiz({ ...DEMO_SETTINGS.quiz, ...common, faces: sets.quiz, to: files.quiz, seed, name: 'demo' }),
    'quiz',
  );

  return {
    classifierAccuracy: classifier.evaluation.attributes.gender?.accuracy.value ?? null,
    training,
    mitigation,
    quiz: { path: quiz.path, report: quiz.report.report },
  };
}
