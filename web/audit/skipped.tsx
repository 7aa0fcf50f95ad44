import { type ReactNode, useDeferredValue, useId, useMemo, useState } from 'react';
import type { AuditReport } from '../../src/ground/contracts/audit.ts';
import { DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { SetKey } from '../components/set-key.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatCount, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

const SHOWN = 50;
const LONGEST_REASON = 300;

const shorten = (text: string): string => (text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text);

/** Files that could not be used, each with its reason. */
export function Skipped({ skipped }: { readonly skipped: AuditReport['skipped'] }): ReactNode {
  const id = useId();
  const [text, setText] = useState('');
  const asked = useDeferredValue(text);
  const shown = useMemo(() => {
    const wanted = asked.trim().toLowerCase();
    return skipped.filter(({ file, reason }) => `${file}\n${reason}`.toLowerCase().includes(wanted));
  }, [skipped, asked]);
  if (skipped.length === 0) return <p className="note">Every file was used.</p>;
  return (
    <details className="alternative">
      <summary>{plural(skipped.length, 'file was', 'files were')} skipped</summary>
      <search className="toolbar" aria-label="Filter the skipped files">
        <label className="field grow" htmlFor={`${id}-skipped`}>
          <span>File or reason</span>
          <input
            id={`${id}-skipped`}
            type="search"
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={event => setText(event.currentTarget.value)}
          />
        </label>
        <output className="note" aria-live="polite">
          {formatCount(shown.length)} of {formatCount(skipped.length)}
        </output>
      </search>
      <ShowMore key={asked} items={shown} step={SHOWN} noun="files">
        {rows => (
          <DataTable
            caption="Skipped files"
            captionHidden
            rows={rows}
            keyOf={({ set, file }) => `${set}/${file}`}
            columns={[
              { id: 'file', header: 'File', cell: ({ file }) => <FileName name={file} whole /> },
              { id: 'set', header: 'Set', cell: ({ set }) => <SetKey set={set} /> },
              { id: 'reason', header: 'Reason', cell: ({ reason }) => shorten(visibleText(reason)) },
            ]}
          />
        )}
      </ShowMore>
    </details>
  );
}
