import type { Question, QuestionOption, Setting } from '../../../ground/contracts/bench.ts';
import { inShard, type Shard } from './shard.ts';

/** A question as it is put once: with its options in one order. */
export interface PosedQuestion {
  readonly question: Question;
  readonly setting: Setting;
  readonly rotation: number;
  readonly repeat: number;
  /** As shown: position `i` has the label of position `i` and the text of option `(i + rotation) mod n`. */
  readonly options: readonly QuestionOption[];
}

/** The options turned by `rotation` places under labels that stay where they are. */
export function rotateOptions(options: readonly QuestionOption[], rotation: number): QuestionOption[] {
  return options.map(({ label }, position) => ({
    label,
    text: options[(position + rotation) % options.length]!.text,
  }));
}

export interface PoseOptions {
  readonly setting: Setting;
  /** Whether a setting with tools is to be held against the same without. */
  readonly control: boolean;
  readonly rotations: 'none' | 'all';
  readonly repeats: number;
}

/** The settings in which every question is put. */
export const settingsOf = ({ setting, control }: Pick<PoseOptions, 'setting' | 'control'>): readonly Setting[] =>
  setting === 'tools' && control ? ['tools', 'zero-shot'] : [setting];

/** Every way in which a question is put, one after another, so that its images are needed in one stretch. */
export function* posings(question: Question, options: PoseOptions): Generator<PosedQuestion> {
  const { rotations, repeats } = options;
  const turns = rotations === 'all' ? question.options.length : 1;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let rotation = 0; rotation < turns; rotation++) {
      for (const setting of settingsOf(options))
        yield { question, setting, rotation, repeat, options: rotateOptions(question.options, rotation) };
    }
  }
}

/** The number of answers that a list of questions gets. */
export function countPosings(
  questions: readonly Question[],
  { shard, ...options }: PoseOptions & { readonly shard: Shard | null },
): number {
  const each = options.repeats * settingsOf(options).length;
  return questions
    .filter(question => inShard(question.id, shard))
    .reduce((sum, question) => sum + each * (options.rotations === 'all' ? question.options.length : 1), 0);
}
