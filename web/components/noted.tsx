import type { ReactNode } from 'react';

/** What names a row, with a quiet line below it. */
export function Noted({ note, children }: { readonly note: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <>
      {children} <span className="row-note">{note}</span>
    </>
  );
}
