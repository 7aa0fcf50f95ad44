import type { ReactNode } from 'react';
import type { SetName } from '../../src/ground/contracts/audit.ts';

export const SET_LABELS: Readonly<Record<SetName, string>> = {
  training: 'Training',
  generated: 'Generated',
  heldout: 'Held-out',
};

/** The name of a set with its colour. */
export function SetKey({ set, children }: { readonly set: SetName; readonly children?: ReactNode }): ReactNode {
  return <span className={`set-key set-${set}`}>{children ?? SET_LABELS[set]}</span>;
}
