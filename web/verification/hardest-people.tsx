import type { ReactNode } from 'react';
import type { VerificationReport } from '../../src/ground/contracts/verification.ts';
import { DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { OpenableImage, PictureBox, usePictures } from '../components/picture.tsx';
import { Section } from '../components/section.tsx';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

type Pair = VerificationReport['worst']['mated'][number];

/** People whose comparisons err most, and the pairs that stand out. */
export function HardestPeople({ report }: { readonly report: VerificationReport }): ReactNode {
  const { hardest, worst, working } = report;
  if (hardest.length === 0 && worst.nonMated.length === 0) return null;
  const of = (errors: number, n: number) => `${formatCount(errors)} of ${formatCount(n)}`;
  return (
    <Section
      id="hardest"
      title="Hardest people and pairs"
      lead={`Whose comparisons err most at the threshold ${working.threshold === null ? '' : working.threshold.toFixed(3)}, and the pairs furthest on the wrong side. Wrong labels show up here first.`}
    >
      {hardest.length > 0 && (
        <DataTable
          caption="People by their errors"
          rows={hardest}
          keyOf={({ person }) => person}
          columns={[
            { id: 'person', header: 'Person', cell: ({ person }) => visibleText(person) },
            {
              id: 'missed',
              header: 'Own pairs that do not match',
              numeric: true,
              cell: row => of(row.falseNonMatches, row.genuine),
            },
            {
              id: 'taken',
              header: 'Pairs with others that match',
              numeric: true,
              cell: row => of(row.falseMatches, row.impostor),
            },
          ]}
        />
      )}
      <Pairs title="Different people, most alike" pairs={worst.nonMated} pictured={report.compared !== 'templates'} />
      <Pairs title="One person, least alike" pairs={worst.mated} pictured={report.compared !== 'templates'} />
    </Section>
  );
}

function Pairs({
  title,
  pairs,
  pictured,
}: {
  readonly title: string;
  readonly pairs: readonly Pair[];
  readonly pictured: boolean;
}): ReactNode {
  if (pairs.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul className="pair-figures">
        {pairs.map(({ reference, probe, score }) => (
          <li key={`${reference}/${probe}`}>
            <figure>
              {pictured && (
                <span className="pair-pictures">
                  <Face file={reference} />
                  <Face file={probe} />
                </span>
              )}
              <figcaption>
                <span className="pair-names">
                  <FileName name={reference} />
                  <FileName name={probe} />
                </span>
                <span className="pair-facts">
                  <strong>{score.toFixed(3)}</strong>
                </span>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </>
  );
}

function Face({ file }: { readonly file: string }): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  return (
    <OpenableImage image={{ set: 'people', file }}>
      <PictureBox
        className="medium"
        url={urlOf({ set: 'people', file, size: 320 })}
        alt={`Face of ${visibleText(file)}`}
        name="Face"
        whyMissing={whyMissing('people')}
      />
    </OpenableImage>
  );
}
