import type { ReactNode } from 'react';
import { FileName } from './file-name.tsx';
import { Picture } from './picture.tsx';

export interface FiguredPair {
  readonly generated: string;
  readonly training: string;
  readonly similarity: number;
}

export interface PairFiguresProps<Pair extends FiguredPair> {
  readonly pairs: readonly Pair[];
  /** Where the generated pictures lie within the run's folder; by default they are those of the generated set. */
  readonly folder?: string;
  /** What is said of a pair behind its similarity. */
  readonly factsOf?: (pair: Pair) => ReactNode;
}

/** Pairs of a generated picture, left, and a training picture, right, large enough to judge at a glance. */
export function PairFigures<Pair extends FiguredPair>({ pairs, folder, factsOf }: PairFiguresProps<Pair>): ReactNode {
  return (
    <ul className="pair-figures">
      {pairs.map(pair => {
        const { generated, training, similarity } = pair;
        return (
          <li key={generated}>
            <figure>
              <div className="pair-pictures">
                {folder === undefined ? (
                  <Picture set="generated" file={generated} size="medium" />
                ) : (
                  <Picture set="generated" from="run" file={`${folder}/${generated}`} size="medium" />
                )}
                <Picture set="training" file={training} size="medium" />
              </div>
              <figcaption>
                <span className="pair-names">
                  <FileName name={generated} />
                  <FileName name={training} />
                </span>
                <span className="pair-facts">
                  <strong>{similarity.toFixed(3)}</strong>
                  {factsOf?.(pair)}
                </span>
              </figcaption>
            </figure>
          </li>
        );
      })}
    </ul>
  );
}
