import type { ReactNode } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { FileName } from '../components/file-name.tsx';
import { Picture } from '../components/picture.tsx';
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
              <ul className="pair-figures">
                {pairs.map(({ sample, training, similarity }) => (
                  <li key={sample}>
                    <figure>
                      <div className="pair-pictures">
                        <Picture
                          set="generated"
                          from="run"
                          file={`${report[name].samples.folder}/${sample}`}
                          size="medium"
                        />
                        <Picture set="training" file={training} size="medium" />
                      </div>
                      <figcaption>
                        <span className="pair-names">
                          <FileName name={sample} />
                          <FileName name={training} />
                        </span>
                        <span className="pair-facts">
                          <strong>{similarity.toFixed(3)}</strong>
                        </span>
                      </figcaption>
                    </figure>
                  </li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
    </>
  );
}
