import type { ReactNode } from 'react';

export interface KeyNumber {
  readonly id: string;
  readonly label: ReactNode;
  readonly value: ReactNode;
}

/** A few numbers, large. */
export function KeyNumberList({ items }: { readonly items: readonly KeyNumber[] }): ReactNode {
  return (
    <dl className="key-numbers">
      {items.map(({ id, label, value }) => (
        <div key={id}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
