import type { ReactNode } from 'react';
import type { SetName } from '../../src/ground/contracts/audit.ts';
import type { Skipped } from '../../src/ground/contracts/faces.ts';
import { plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { type Column, DataTable } from './data-table.tsx';
import { FileName } from './file-name.tsx';
import { Folded } from './folded.tsx';
import { SearchableList } from './searchable-list.tsx';
import { SetKey } from './set-key.tsx';
import { ShowMore } from './show-more.tsx';

/** A file that could not be used; where a run reads several sets, of which one. */
export interface SkippedFile extends Skipped {
  readonly set?: SetName;
}

const SHOWN = 50;
const LONGEST_REASON = 300;

const shorten = (text: string): string => (text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text);

const SET: Column<SkippedFile> = {
  id: 'set',
  header: 'Set',
  cell: ({ set }) => (set === undefined ? '–' : <SetKey set={set} />),
};

const textOf = ({ file, reason }: SkippedFile): string => `${file}\n${reason}`;

/** Files that could not be used, each with its reason; those of several sets can be searched. */
export function SkippedFiles({ skipped }: { readonly skipped: readonly SkippedFile[] }): ReactNode {
  if (skipped.length === 0) return <p className="note">Every file was used.</p>;
  const ofSets = skipped.some(({ set }) => set !== undefined);
  const tableOf = (rows: readonly SkippedFile[]): ReactNode => (
    <DataTable
      caption="Skipped files"
      captionHidden
      rows={rows}
      keyOf={({ set, file }) => `${set}/${file}`}
      columns={[
        { id: 'file', header: 'File', cell: ({ file }) => <FileName name={file} whole /> },
        ...(ofSets ? [SET] : []),
        { id: 'reason', header: 'Reason', cell: ({ reason }) => shorten(visibleText(reason)) },
      ]}
    />
  );
  const list = { items: skipped, step: SHOWN, noun: 'files', children: tableOf };
  return (
    <Folded summary={`${plural(skipped.length, 'file was', 'files were')} skipped`}>
      {ofSets ? (
        <SearchableList label="Filter the skipped files" field="File or reason" textOf={textOf} {...list} />
      ) : (
        <ShowMore {...list} />
      )}
    </Folded>
  );
}
