import type { Question } from '../../../ground/contracts/bench.ts';
import { pictureKey } from '../stats.ts';

/** The group of each question, by its id, numbered from 0; and how many groups there are. */
export interface Clusters {
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

/**
 * Groups questions that show the same image, or are linked through others that do. Answers within a group depend on each other;
 * answers of different groups do not. The black image of text-only questions links nothing.
 */
export function clusterByPictures(questions: readonly Question[]): Clusters {
  const parent = questions.map((_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; parent[at] !== root; ) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
    return root;
  };
  const first = new Map<string, number>();
  for (const [i, question] of questions.entries()) {
    if (question.imageCount === 'zero') continue;
    for (const image of question.images) {
      const key = pictureKey(image);
      const seen = first.get(key);
      if (seen === undefined) first.set(key, i);
      else parent[find(i)] = find(seen);
    }
  }
  const numbers = new Map<number, number>();
  const of = new Map<string, number>();
  for (const [i, { id }] of questions.entries()) {
    const root = find(i);
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    of.set(id, numbers.get(root)!);
  }
  return { of, count: numbers.size };
}
