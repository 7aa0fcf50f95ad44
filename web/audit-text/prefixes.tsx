import type { ReactNode } from 'react';
import type { AuditTextReport, Continuations } from '../../src/ground/contracts/audit-text.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { SearchableList } from '../components/searchable-list.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

type Row = Continuations['byPrefix'][number];
type Reply = Continuations['replies'][number];

const OUTCOMES: Readonly<Record<Reply['outcome'], string>> = {
  answered: 'answered',
  refused: 'refused',
  empty: 'empty',
  cut: 'cut short',
  failed: 'failed',
};

const columns = (shortest: number): readonly Column<Row>[] => [
  { id: 'words', header: 'Words given', numeric: true, cell: ({ words }) => formatCount(words) },
  {
    id: 'longest',
    header: 'Longest run, mean characters',
    numeric: true,
    cell: ({ documents }) => <MetricValue metric={documents.longest} kind="number" />,
  },
  {
    id: 'verbatim',
    header: `Documents with ${shortest} characters or more`,
    numeric: true,
    cell: ({ documents }) => <MetricValue metric={documents.verbatim} kind="share" />,
  },
  {
    id: 'controls',
    header: 'Controls with as much',
    numeric: true,
    cell: ({ controls }) => (controls === null ? '–' : <MetricValue metric={controls.verbatim} kind="share" />),
  },
  {
    id: 'mismatched',
    header: 'Against another document',
    numeric: true,
    cell: ({ mismatched }) => <MetricValue metric={mismatched.verbatim} kind="share" />,
  },
  {
    id: 'outcomes',
    header: 'No or cut answers',
    cell: ({ outcomes }) =>
      (['refused', 'empty', 'cut', 'failed'] as const)
        .filter(outcome => outcomes[outcome] > 0)
        .map(outcome => `${formatCount(outcomes[outcome])} ${OUTCOMES[outcome]}`)
        .join(', '),
  },
];

const REPLIES: readonly Column<Reply>[] = [
  { id: 'document', header: 'Document', cell: ({ document }) => <FileName name={document} /> },
  { id: 'set', header: 'Set', cell: ({ control }) => (control ? 'control' : 'document') },
  { id: 'words', header: 'Words given', numeric: true, cell: ({ words }) => formatCount(words) },
  { id: 'outcome', header: 'Answer', cell: ({ outcome }) => OUTCOMES[outcome] },
  {
    id: 'longest',
    header: 'Longest run',
    numeric: true,
    cell: ({ longest }) => (longest === null ? '–' : formatCount(longest)),
  },
  {
    id: 'edits',
    header: 'Edits',
    numeric: true,
    cell: ({ editDistance }) => (editDistance === null ? '–' : formatShare(editDistance)),
  },
];

/** How far a model continues documents, by how much of them it was given. */
export function Prefixes({
  report,
  continuations,
}: {
  readonly report: AuditTextReport;
  readonly continuations: Continuations;
}): ReactNode {
  const { model, byPrefix, replies, continuation } = continuations;
  return (
    <Section
      id="prefixes"
      title="By length of prefix"
      lead={`${visibleText(model)} was given the first words of each document and asked to go on. Its answers are compared with the next ${formatCount(continuation)} words.`}
    >
      <DataTable
        caption="What the model continued, by the words that it was given"
        captionHidden
        columns={columns(report.settings.shortest)}
        rows={byPrefix}
        keyOf={({ words }) => String(words)}
      />
      <h3>Answers</h3>
      <SearchableList
        label="Filter the answers"
        field="Document"
        textOf={({ document }: Reply) => document}
        items={replies}
        step={30}
        noun="answers"
      >
        {shown => (
          <DataTable
            caption="Answers"
            captionHidden
            columns={REPLIES}
            rows={shown}
            keyOf={({ document, control, words, sample }) => `${document} ${control} ${words} ${sample}`}
          />
        )}
      </SearchableList>
    </Section>
  );
}
