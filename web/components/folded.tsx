import type { ReactNode } from 'react';

export interface FoldedProps {
  readonly summary: ReactNode;
  readonly children: ReactNode;
}

/** What not every reader wants to see: folded until asked for. */
export function Folded({ summary, children }: FoldedProps): ReactNode {
  return (
    <details className="alternative">
      <summary>{summary}</summary>
      {children}
    </details>
  );
}
