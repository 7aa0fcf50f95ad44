import type { ReactNode } from 'react';

export interface SectionProps {
  /** Also the anchor that the navigation leads to. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences on what is asked here. */
  readonly lead?: ReactNode;
  readonly children: ReactNode;
}

/** One part of a report with its heading. */
export function Section({ id, title, lead, children }: SectionProps): ReactNode {
  return (
    <section id={id} className="section" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {lead !== undefined && <p className="lead">{lead}</p>}
      {children}
    </section>
  );
}
