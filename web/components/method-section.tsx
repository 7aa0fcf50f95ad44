import type { ReactNode } from 'react';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import { Provenance } from './provenance.tsx';
import { Section } from './section.tsx';
import { type SkippedFile, SkippedFiles } from './skipped-files.tsx';

export interface MethodSectionProps {
  readonly run: RunRecord;
  readonly lead: string;
  /** Files that could not be used; left out by a run that reads none. */
  readonly skipped?: readonly SkippedFile[];
  /** What was measured how. */
  readonly children: ReactNode;
}

/** How the numbers were made, from what, and what was left out: enough to repeat the run and to doubt it. */
export function MethodSection({ run, lead, skipped, children }: MethodSectionProps): ReactNode {
  return (
    <Section id="method" title="Method and provenance" lead={lead}>
      {children}
      <Provenance run={run} />
      {skipped !== undefined && (
        <>
          <h3>Skipped files</h3>
          <SkippedFiles skipped={skipped} />
        </>
      )}
    </Section>
  );
}
