import type { Question, QuestionOption, Setting } from '../../contracts/bench.ts';

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
  readonly rotations: 'none' | 'all';
  readonly repeats: number;
}

/** Every way in which a question is put, one after another, so that its pictures are needed in one stretch. */
export function* posings(question: Question, { setting, rotations, repeats }: PoseOptions): Generator<PosedQuestion> {
  const turns = rotations === 'all' ? question.options.length : 1;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let rotation = 0; rotation < turns; rotation++) {
      yield { question, setting, rotation, repeat, options: rotateOptions(question.options, rotation) };
    }
  }
}
