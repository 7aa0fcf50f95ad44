import type { ReactNode } from 'react';
import type { Skipped } from '../../src/ground/contracts/faces.ts';
import { plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { DataTable } from './data-table.tsx';
import { FileName } from './file-name.tsx';
import { ShowMore } from './show-more.tsx';

const SHOWN = 50;
const LONGEST_REASON = 300;

/** Files that could not be used, each with its reason. */
export function SkippedFiles({ skipped }: { readonly skipped: readonly Skipped[] }): ReactNode {
  if (skipped.length === 0) return <p className="note">Every file was used.</p>;
  return (
    <details className="alternative">
      <summary>{plural(skipped.length, 'file was', 'files were')} skipped</summary>
      <ShowMore items={skipped} step={SHOWN} noun="files">
        {rows => (
          <DataTable
            caption="Skipped files"
            captionHidden
            rows={rows}
            keyOf={({ file }) => file}
            columns={[
              { id: 'file', header: 'File', cell: ({ file }) => <FileName name={file} whole /> },
              { id: 'reason', header: 'Reason', cell: ({ reason }) => visibleText(reason).slice(0, LONGEST_REASON) },
            ]}
          />
        )}
      </ShowMore>
    </details>
  );
}
