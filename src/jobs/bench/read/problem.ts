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
}

/** Reports a problem, or throws it where nobody listens. */
export function raise(problem: ReadProblem, options: ReadOptions): void {
  if (options.onProblem === undefined) throw new BiolensError('input', problem.message, { details: { ...problem } });
  options.onProblem(problem);
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
