import type { Question } from '../../../ground/contracts/bench.ts';
import { foldIn, openStream, randomKey } from '../../../ground/math/index.ts';
import { type Answerer, digestOf, plainReply } from './answerer.ts';
import type { PosedQuestion } from './posed-question.ts';

/** A label drawn evenly, the same one whenever the same question is put the same way with the same seed. */
export function labelAtChance({ question, rotation, repeat, options }: PosedQuestion, seed: number): string {
  const key = foldIn(foldIn(foldIn(randomKey(seed), question.id), rotation), repeat);
  return options[openStream(key).integer(options.length)]!.label;
}

/** Chance: a label drawn evenly, without looking at the question. */
export function createRandomAnswerer({ seed }: { readonly seed: number }): Answerer {
  return {
    id: 'random',
    seesPictures: false,
    concurrency: 64,
    digest: () => digestOf({ baseline: 'random', seed }),
    answer: async posed => plainReply(labelAtChance(posed, seed)),
  };
}

/**
 * The label that is right most often in the question's own file; ties go to the earlier letter.
 *
 * It looks at the right answers, so it is no model but the score that a constant answer per file can reach. The paper
 * does not say how its "frequent choice" was made; counting by file fits its published 40.00 % for tool use, which is
 * one file of a hundred questions.
 */
export function createFrequentAnswerer(questions: Iterable<Question>): Answerer {
  const counts = new Map<string, Map<string, number>>();
  for (const { id, correct } of questions) {
    const file = fileOf(id);
    const letters = counts.get(file) ?? new Map<string, number>();
    letters.set(correct, (letters.get(correct) ?? 0) + 1);
    counts.set(file, letters);
  }
  const favourite = (id: string): string | undefined =>
    [...(counts.get(fileOf(id)) ?? [])].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0];
  return {
    id: 'frequent',
    seesPictures: false,
    concurrency: 64,
    digest: ({ question }) => digestOf({ baseline: 'frequent', favourite: favourite(question.id) }),
    // The same letter however the options are turned: that circular evaluation catches it is what that is for.
    answer: async ({ question, options }) => plainReply(favourite(question.id) ?? options[0]!.label),
  };
}

const fileOf = (id: string): string => id.slice(0, Math.max(0, id.lastIndexOf('/')));
