import type { ReactNode } from 'react';
import type { AuditMedicalReport } from '../../src/ground/contracts/audit-medical.ts';
import { FileName } from '../components/file-name.tsx';
import { Picture } from '../components/picture.tsx';
import { SetKey } from '../components/set-key.tsx';
import { visibleText } from '../text/visible-text.ts';

type Shown = AuditMedicalReport['shown'][number];
type Pair = AuditMedicalReport['replication']['pairs'][number];

/** The middle slices of a generated item and the training item most like it. */
export function SlicePair({
  shown: { generated, training, images },
  pair,
  similarity,
}: {
  readonly shown: Shown;
  readonly pair: Pair | undefined;
  /** What the number is that says how alike they are. */
  readonly similarity: 'Correlation' | 'Cosine';
}): ReactNode {
  return (
    <article className="exhibit" aria-label={`${visibleText(generated)} beside ${visibleText(training)}`}>
      {pair !== undefined && (
        <p className="exhibit-head">
          <strong>
            {similarity} {pair.similarity.toFixed(3)}
          </strong>
          {pair.copy ? ', called a copy' : ''}
          {pair.flipped ? ', flipped' : ''}
        </p>
      )}
      <div className="exhibit-sides">
        {(['generated', 'training'] as const).map(set => (
          <figure key={set} className="exhibit-side">
            <figcaption>
              <SetKey set={set} />
              <FileName name={set === 'generated' ? generated : training} />
            </figcaption>
            <Picture set={set} file={images[set]} from="run" size="medium" />
          </figure>
        ))}
      </div>
    </article>
  );
}
