import type { ReactNode } from 'react';

export interface Fact {
  readonly term: string;
  readonly value: ReactNode;
  /** Where two terms may read alike. */
  readonly id?: string;
}

export interface FactsProps {
  readonly items: readonly Fact[];
  /** One below the other by default, else side by side, as a few large numbers, as bars, or as two columns. */
  readonly look?: 'fact-list' | 'facts' | 'key-numbers' | 'outcome-bars' | 'readings';
}

/** Terms and what they are. */
export function Facts({ items, look = 'fact-list' }: FactsProps): ReactNode {
  return (
    <dl className={look}>
      {items.map(({ id, term, value }) => (
        <div key={id ?? term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
