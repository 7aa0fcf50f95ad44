import type { ReactNode } from 'react';

/** Whether a pair is called a copy; a filled and an open mark, so that it reads without colour. */
export function CopyCall({ copy }: { readonly copy: boolean }): ReactNode {
  return <span className={copy ? 'call call-copy' : 'call'}>{copy ? 'Copy' : 'Not called'}</span>;
}
