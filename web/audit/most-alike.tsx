import type { ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { PairFigures } from '../components/pair-figures.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatP } from '../text/format.ts';
import { CopyCall } from './copy-call.tsx';

const SHOWN = 6;

/** The few pairs most like copies. */
export function MostAlike({
  pairs,
  onOpen,
}: {
  readonly pairs: readonly Pair[];
  readonly onOpen: (pair: Pair) => void;
}): ReactNode {
  return (
    <>
      <h3>Most alike</h3>
      <p className="key">
        <SetKey set="generated">Generated, left</SetKey>
        <SetKey set="training">Training, right</SetKey>
      </p>
      <PairFigures
        pairs={pairs.slice(0, SHOWN)}
        onOpen={onOpen}
        factsOf={({ qValue, copy }) => (
          <>
            <span>q {formatP(qValue)}</span>
            <CopyCall copy={copy} />
          </>
        )}
      />
    </>
  );
}
