import { join } from 'node:path';
import { renderFaces, type Skew } from '../../kit/drawing/index.ts';

/** What the demo draws: a training set with a skew and with an image that occurs many times, and sets to measure by. */
export const DEMO_SETS = {
  size: 64,
  training: { n: 500, skew: { gender: { male: 0.8 } }, duplicates: 0.4, duplicated: 1 },
  /** Copies are told from look-alikes, and the classifier's errors are measured, by these: few would leave both in doubt. */
  heldout: { n: 1600, skew: { gender: { male: 0.8 } } },
  /** Labelled faces that teach the classifier. */
  labelled: { n: 1500 },
  quiz: { n: 72, size: 96 },
} as const;

export type DrawnSets = Readonly<Record<'training' | 'heldout' | 'labelled' | 'quiz', string>>;

export type DrawEvent = {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
};

interface DrawnSet {
  readonly n: number;
  readonly size?: number;
  readonly skew?: Skew;
  readonly duplicates?: number;
  readonly duplicated?: number;
}

/**
 * Draws the sets of the demo into a folder. The same seed gives the same sets on every machine.
 *
 * @throws {BiolensError} `input` when the folder cannot be written; `interrupted`.
 */
export async function* drawSets(
  folder: string,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<DrawEvent, DrawnSets> {
  const directoryOf = (name: string): string => join(folder, name);
  const names = {
    training: 'the training set',
    heldout: 'the held-out set',
    labelled: 'the labelled set',
    quiz: 'the faces of the quiz',
  };
  const draw = async function* (name: keyof DrawnSets, place: number): AsyncGenerator<DrawEvent> {
    const set: DrawnSet = DEMO_SETS[name];
    const masks = name === 'quiz' ? directoryOf('quiz-masks') : undefined;
    const options = { size: DEMO_SETS.size, ...set, seed: seed + place, masks, signal };
    for await (const event of renderFaces(directoryOf(name), options)) {
      if (event.type === 'progress')
        yield { type: 'progress', stage: `drawing ${names[name]}`, done: event.done, total: event.total };
    }
  };
  yield* draw('training', 1);
  yield* draw('heldout', 2);
  yield* draw('labelled', 3);
  yield* draw('quiz', 4);
  return {
    training: directoryOf('training'),
    heldout: directoryOf('heldout'),
    labelled: directoryOf('labelled'),
    quiz: directoryOf('quiz'),
  };
}
