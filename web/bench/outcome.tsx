import type { ReactNode } from 'react';
import type { Outcome } from '../../src/ground/contracts/bench-score.ts';

/** In the order in which bars show them. */
export const OUTCOMES: readonly { readonly id: Outcome; readonly title: string; readonly meaning: string }[] = [
  { id: 'correct', title: 'Correct', meaning: 'chose the right option' },
  { id: 'wrong', title: 'Wrong', meaning: 'chose another option' },
  { id: 'refused', title: 'Refused', meaning: 'the model or its server declined' },
  { id: 'unparsed', title: 'Unparsed', meaning: 'a reply that commits to no option' },
  { id: 'error', title: 'Error', meaning: 'no reply came; says nothing of the model' },
];

const TITLES: ReadonlyMap<Outcome, string> = new Map(OUTCOMES.map(({ id, title }) => [id, title]));

/** What became of a reply: a mark and a word, so that the colour is never alone. */
export function OutcomeMark({ outcome }: { readonly outcome: Outcome }): ReactNode {
  return <span className={`outcome outcome-${outcome}`}>{TITLES.get(outcome)}</span>;
}
