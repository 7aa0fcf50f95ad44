import type { ReactNode } from 'react';
import type { Pair } from '../../src/ground/contracts/audit.ts';
import { FileName } from '../components/file-name.tsx';
import { Picture } from '../components/picture.tsx';
import { SetKey } from '../components/set-key.tsx';
import { formatP } from '../text/format.ts';
import { CopyCall } from './copy-call.tsx';

const SHOWN = 6;

/** The few pairs most like copies, large enough to judge at a glance. */
export function PairFigures({ pairs }: { readonly pairs: readonly Pair[] }): ReactNode {
  const first = pairs.slice(0, SHOWN);
  return (
    <>
      <h3>Most alike</h3>
      <p className="key">
        <SetKey set="generated">Generated, left</SetKey>
        <SetKey set="training">Training, right</SetKey>
      </p>
      <ul className="pair-figures">
        {first.map(pair => (
          <li key={pair.generated}>
            <figure>
              <div className="pair-pictures">
                <Picture set="generated" file={pair.generated} size="medium" />
                <Picture set="training" file={pair.training} size="medium" />
              </div>
              <figcaption>
                <span className="pair-names">
                  <FileName name={pair.generated} />
                  <FileName name={pair.training} />
                </span>
                <span className="pair-facts">
                  <strong>{pair.similarity.toFixed(3)}</strong>
                  <span>q {formatP(pair.qValue)}</span>
                  <CopyCall copy={pair.copy} />
                </span>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </>
  );
}
