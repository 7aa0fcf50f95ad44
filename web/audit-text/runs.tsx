import type { ReactNode } from 'react';
import type { AuditTextReport, TextRun } from '../../src/ground/contracts/audit-text.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { SearchableList } from '../components/searchable-list.tsx';
import { Section } from '../components/section.tsx';
import { formatCount } from '../text/format.ts';

const STEP = 50;

const COLUMNS: readonly Column<TextRun>[] = [
  { id: 'generated', header: 'Generated text', cell: ({ generated }) => <FileName name={generated.file} /> },
  { id: 'from', header: 'From', numeric: true, cell: ({ generated }) => formatCount(generated.start) },
  { id: 'characters', header: 'Characters', numeric: true, cell: ({ characters }) => formatCount(characters) },
  { id: 'words', header: 'Words', numeric: true, cell: ({ words }) => formatCount(words) },
  {
    id: 'tokens',
    header: 'Tokens',
    numeric: true,
    cell: ({ tokens }) => (tokens === null ? '' : formatCount(tokens)),
  },
  { id: 'training', header: 'Training document', cell: ({ training }) => <FileName name={training.document} /> },
  { id: 'line', header: 'Line', numeric: true, cell: ({ training }) => formatCount(training.line) },
  {
    id: 'weight',
    header: 'Times',
    numeric: true,
    cell: ({ weight, common }) => `${formatCount(weight)}${common ? ', common' : ''}`,
  },
];

/** Every run that is listed, longest first. */
export function Runs({ report }: { readonly report: AuditTextReport }): ReactNode {
  const { runs, moreRuns, settings } = report;
  const columns = COLUMNS.filter(({ id }) => id !== 'tokens' || runs.some(({ tokens }) => tokens !== null));
  return (
    <Section
      id="runs"
      title="All runs"
      lead={`Stretches of ${formatCount(settings.shortest)} characters or more that a generated text and a training document share. No run lies in another one, and none crosses a document. "Times" is how often it occurs in the training texts; from ${formatCount(settings.commonFrom)} on it is a common phrase.`}
    >
      {runs.length === 0 ? (
        <p className="note">There are none.</p>
      ) : (
        <SearchableList
          label="Filter the runs"
          field="Generated text or training document"
          textOf={({ generated, training }: TextRun) => `${generated.file}\n${training.document}`}
          items={runs}
          step={STEP}
          noun="runs"
        >
          {shown => (
            <DataTable
              caption="Runs"
              captionHidden
              columns={columns}
              rows={shown}
              keyOf={({ generated }) => `${generated.file}:${generated.start}`}
            />
          )}
        </SearchableList>
      )}
      {moreRuns > 0 && <p className="note">{formatCount(moreRuns)} shorter runs are not listed.</p>}
    </Section>
  );
}
