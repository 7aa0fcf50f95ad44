import type { ReactNode } from 'react';
import type { AuditedText, AuditTextReport, TextReplication } from '../../src/ground/contracts/audit-text.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { SearchableList } from '../components/searchable-list.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatP, formatShare } from '../text/format.ts';

interface Row extends AuditedText {
  readonly pair: TextReplication['pairs'][number] | undefined;
}

const share = (value: number | null): string => (value === null ? '–' : formatShare(value));

const COLUMNS: readonly Column<Row>[] = [
  { id: 'file', header: 'Generated text', cell: ({ file }) => <FileName name={file} /> },
  { id: 'characters', header: 'Characters', numeric: true, cell: ({ characters }) => formatCount(characters) },
  { id: 'longest', header: 'Longest run', numeric: true, cell: ({ longest }) => formatCount(longest.characters) },
  {
    id: 'exact',
    header: 'Byte by byte',
    numeric: true,
    cell: ({ exact }) => (exact === null ? '' : formatCount(exact.characters)),
  },
  {
    id: 'tokens',
    header: 'In tokens',
    numeric: true,
    cell: ({ longest }) => (longest.tokens === null ? '' : formatCount(longest.tokens)),
  },
  { id: 'covered', header: 'In runs', numeric: true, cell: ({ covered }) => share(covered) },
  { id: 'overlap', header: 'n-grams found', numeric: true, cell: ({ overlap }) => share(overlap) },
  { id: 'edits', header: 'Edits', numeric: true, cell: ({ editDistance }) => share(editDistance) },
  { id: 'p', header: 'p', numeric: true, cell: ({ pair }) => formatP(pair?.pValue ?? null) },
  { id: 'q', header: 'q', numeric: true, cell: ({ pair }) => formatP(pair?.qValue ?? null) },
  { id: 'copy', header: 'Called', cell: ({ pair }) => (pair?.copy ? 'copy' : '') },
];

/** The generated texts one by one, those with the longest rare run first. */
export function Texts({ report }: { readonly report: AuditTextReport }): ReactNode {
  const { texts } = report;
  // Columns of what was asked for alone.
  const absent = new Set([
    ...(texts.every(({ exact }) => exact === null) ? ['exact'] : []),
    ...(texts.every(({ longest }) => longest.tokens === null) ? ['tokens'] : []),
  ]);
  const columns = COLUMNS.filter(({ id }) => !absent.has(id));
  const byFile = new Map(report.replication.pairs.map(pair => [pair.generated, pair]));
  const rows = texts
    .map((text): Row => ({ ...text, pair: byFile.get(text.file) }))
    .sort((a, b) => b.longestRare - a.longestRare || b.longest.characters - a.longest.characters);
  return (
    <Section
      id="texts"
      title="Texts"
      lead="Each generated text: its longest run, the share of its characters in runs, the share of its word n-grams that occur in the training texts, and how many edits in a hundred characters turn it into the original beside its longest run."
    >
      <SearchableList
        label="Filter the texts"
        field="Generated text"
        textOf={({ file }: Row) => file}
        items={rows}
        step={50}
        noun="texts"
      >
        {shown => (
          <DataTable
            caption="Generated texts"
            captionHidden
            columns={columns}
            rows={shown}
            keyOf={({ file }) => file}
          />
        )}
      </SearchableList>
    </Section>
  );
}
