import type { ReactNode } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { PairFigures } from '../components/pair-figures.tsx';
import { SetKey } from '../components/set-key.tsx';

const SHOWN = 6;

/** The samples most alike to a training image, before and after, each beside that image. */
export function Nearest({ report }: { readonly report: MitigationReport }): ReactNode {
  return (
    <>
      <h3>Samples nearest to a training image</h3>
      <p className="key">
        <SetKey set="generated">Sample, left</SetKey>
        <SetKey set="training">Training, right</SetKey>
      </p>
      {(['before', 'after'] as const).map(name => {
        const pairs = report.pictures.nearest[name].slice(0, SHOWN);
        return (
          <div key={name} className="nearest">
            <h4 className="figure-title">{name === 'before' ? 'Before' : 'After'}</h4>
            {pairs.length === 0 ? (
              <p className="note">None was kept.</p>
            ) : (
              <PairFigures
                pairs={pairs.map(({ sample, ...pair }) => ({ generated: sample, ...pair }))}
                folder={report[name].samples.folder}
              />
            )}
          </div>
        );
      })}
    </>
  );
}
