import type { ImageRef, Question } from '../../../ground/contracts/bench.ts';
import type { ReadProblem } from '../read/problem.ts';
import type { PictureFacts } from './inspect-picture.ts';

/**
 * - `error`: the question cannot be answered fairly: its key is wrong, ambiguous or unusable, or an image is not there;
 * - `warning`: something gives the answer away, or is likely not meant;
 * - `info`: worth knowing, no reason to leave the question out.
 */
export type Severity = 'error' | 'warning' | 'info';

/** What one rule has found. */
export interface RuleFinding {
  /** Id of the question; the stem of a file, or `*`, where the finding is about more than one. */
  readonly question: string;
  readonly detail: string;
}

export interface Finding extends RuleFinding {
  readonly rule: string;
  readonly severity: Severity;
}

/** All that rules look at. */
export interface LintInput {
  readonly questions: readonly Question[];
  /** Questions that could not be read. */
  readonly problems: readonly ReadProblem[];
  /** What is known of an image; null where images were not looked at, or it is missing. */
  readonly picture: (ref: ImageRef) => PictureFacts | null;
}

export interface Rule {
  /** Kebab-case, stable: scripts select by it. */
  readonly id: string;
  readonly severity: Severity;
  /** One or two sentences on what it finds and why that matters. */
  readonly explanation: string;
  readonly check: (input: LintInput) => Iterable<RuleFinding>;
}

/** A check that looks at one question at a time; it gives the details of what it finds. */
export function eachQuestion(
  check: (question: Question, input: LintInput) => Iterable<string>,
): (input: LintInput) => Iterable<RuleFinding> {
  return function* (input) {
    for (const question of input.questions) {
      for (const detail of check(question, input)) yield { question: question.id, detail };
    }
  };
}

/** The file that a question is from. */
export function stemOf(question: Question): string {
  const slash = question.id.lastIndexOf('/');
  return slash < 0 ? question.id : question.id.slice(0, slash);
}

/** Questions in groups of the same key, in order of appearance. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The text of the right option. */
export function keyText(question: Question): string {
  return question.options.find(option => option.label === question.correct)?.text ?? '';
}

/** `“a”`, for details. */
export const quote = (text: string): string => `"${text.length > 60 ? `${text.slice(0, 57)}…` : text}"`;
