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
  /** Where the generated images lie within the run's folder; by default they are those of the generated set. */
  readonly folder?: string;
  /** Opens a pair large. */
  readonly onOpen: (pair: Pair) => void;
  /** What is said of a pair behind its similarity. */
  readonly factsOf?: (pair: Pair) => ReactNode;
}

/** Pairs of a generated image, left, and a training image, right, large enough to judge at a glance. */
export function PairFigures<Pair extends FiguredPair>(props: PairFiguresProps<Pair>): ReactNode {
  const { pairs, folder, onOpen, factsOf } = props;
  return (
    <ul className="pair-figures">
      {pairs.map(pair => {
        const { generated, training, similarity } = pair;
        return (
          <li key={generated}>
            <figure>
              <button type="button" className="image-button pair-pictures" onClick={() => onOpen(pair)}>
                <span className="visually-hidden">Open the pair </span>
                {folder === undefined ? (
                  <Picture set="generated" file={generated} size="medium" />
                ) : (
                  <Picture set="generated" from="run" file={`${folder}/${generated}`} size="medium" />
                )}
                <Picture set="training" file={training} size="medium" />
              </button>
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
