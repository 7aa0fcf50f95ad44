import type { ReactNode } from 'react';
import type { z } from 'zod';
import type { otherReportSchema } from '../../src/ground/contracts/report.ts';
import { MethodSection } from '../components/method-section.tsx';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised, wordsOf } from '../text/words.ts';
import { isLeaf } from './kinds.ts';
import { FieldsView, ValueView } from './value-view.tsx';

type OtherReport = z.infer<typeof otherReportSchema>;

interface Part {
  readonly id: string;
  readonly title: string;
  readonly value: unknown;
}

/** What a report says at its top, and its parts. */
function partsOf({ report }: OtherReport): {
  readonly top: Readonly<Record<string, unknown>>;
  readonly parts: readonly Part[];
} {
  const { schema: _, ...fields } = report;
  const entries = Object.entries(fields);
  const parts = entries.filter(([, value]) => !isLeaf(value));
  return {
    top: Object.fromEntries(entries.filter(([, value]) => isLeaf(value))),
    parts: parts.map(([name, value], i) => ({ id: `part-${i + 1}`, title: capitalised(wordsOf(name)), value })),
  };
}

/** The navigation of a report without a page of its own. */
export function otherSections(report: OtherReport): readonly PageSection[] {
  return [
    { id: 'overview', title: 'Result' },
    ...partsOf(report).parts.map(({ id, title }) => ({ id, title })),
    { id: 'method', title: 'Provenance' },
  ];
}

/** A report of a job that has no page of its own: all that is in it, as tables. */
export function OtherPage({ report, run }: OfRun<OtherReport>): ReactNode {
  const title = `${capitalised(visibleText(run.kind))} result`;
  usePageTitle(run.id);
  const { top, parts } = partsOf(report);
  return (
    <>
      <section id="overview" className="section" aria-labelledby="overview-title">
        <p className="kicker">{visibleText(run.id)}</p>
        <h1 id="overview-title">{title}</h1>
        {Object.keys(top).length > 0 && <FieldsView caption="Values of the report" fields={top} />}
      </section>
      {parts.map(({ id, title: heading, value }) => (
        <Section key={id} id={id} title={heading}>
          <ValueView name={heading} value={value} level={3} />
        </Section>
      ))}
      <MethodSection run={run} lead="What this run was told to do, where and when.">
        <p className="note">
          The report is of the form <code>{visibleText(report.report.schema)}</code>; all of it is in report.json.
        </p>
      </MethodSection>
    </>
  );
}
