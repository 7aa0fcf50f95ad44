import type { Question } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';

/** Something of a benchmark that could not be read, in one line that names the file and the field. */
export interface ReadProblem {
  /** Id of the question, or the file where no question can be named. */
  readonly where: string;
  readonly message: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each question that cannot be read, which is then left out; without it, the first one is thrown. */
  readonly onProblem?: ((problem: ReadProblem) => void) | undefined;
  /** Told what kind of question it is, for each one that is right as it is and of a kind that is not asked here. */
  readonly onLeftOut?: ((kind: string) => void) | undefined;
}

/** Reports a problem, or throws it where nobody listens. */
export function raise(problem: ReadProblem, options: ReadOptions): void {
  if (options.onProblem === undefined) throw new BiolensError('input', problem.message, { details: { ...problem } });
  options.onProblem(problem);
}

/** Characters of a question's parts, and its images: a hundred times what any published benchmark has. */
const MOST = { text: 50_000, context: 500_000, option: 5000, name: 5000, options: 26, images: 256 } as const;

/** What of a question is longer than anything that reads it expects; null where nothing is. */
export function tooLarge(question: Question): string | null {
  const { text, prepend, postpend, context = '', options, images } = question;
  const sizes: readonly (readonly [what: string, size: number, most: number])[] = [
    ['"text"', text.length, MOST.text],
    ['"prepend"', prepend.length, MOST.text],
    ['"postpend"', postpend.length, MOST.text],
    ['"context"', context.length, MOST.context],
    ['"options"', options.length, MOST.options],
    ...options.map(option => [`option ${option.label}`, option.text.length, MOST.option] as const),
    ['"images"', images.length, MOST.images],
    ...images.map(({ path }, i) => [`the path of image ${i + 1}`, path.length, MOST.name] as const),
    ...(['id', 'category', 'task', 'dataset'] as const).map(
      name => [`"${name}"`, question[name].length, MOST.name] as const,
    ),
  ];
  const [what, size, most] = sizes.find(([, found, limit]) => found > limit) ?? [];
  return what === undefined
    ? null
    : `${what} has ${size?.toLocaleString('en-US')}, at most ${most?.toLocaleString('en-US')} expected`;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The first issue of a failed parse, as `"field": what is wrong`. */
export function describeIssues(issues: readonly Issue[]): string {
  const first = issues[0];
  if (first === undefined) return 'not as expected';
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const path = first.path.map(String).join('.');
  return `${path === '' ? '' : `"${path}": `}${first.message}${more}`;
}
