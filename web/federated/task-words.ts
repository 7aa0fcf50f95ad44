import type { FederateReport } from '../../src/ground/contracts/federate.ts';

interface TaskWords {
  readonly examples: string;
  readonly answers: string;
  readonly accuracy: string;
}

const DIGITS: TaskWords = { examples: 'images', answers: 'images', accuracy: 'Accuracy on the test images' };
const TASKS: Readonly<Record<string, TaskWords>> = {
  characters: { examples: 'sequences', answers: 'characters', accuracy: 'Next characters that are right' },
  words: { examples: 'sequences', answers: 'words', accuracy: 'Next words that are right' },
};

/** What the examples of a report's task are called, and what its accuracy is of. */
export const wordsOf = ({ task }: Pick<FederateReport, 'task'>): TaskWords => TASKS[task] ?? DIGITS;
