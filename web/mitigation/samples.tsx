import type { ReactNode } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { Folded } from '../components/folded.tsx';
import { Picture } from '../components/picture.tsx';
import { Section } from '../components/section.tsx';
import { Sheet, SheetList } from '../components/sheet.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { plural } from '../text/format.ts';

const PAIRS = 12;

/** Samples of the model from the same noise, before and after. */
export function Samples({ report }: { readonly report: MitigationReport }): ReactNode {
  const { sheets, sameNoise } = report.pictures;
  const { before, after, rounds } = report;
  return (
    <Section
      id="samples"
      title="Samples"
      lead="Both models start from the same noise, so that a face on the left and the one in the same place on the right differ by the fine-tuning alone."
    >
      <div className="sheet-pair">
        <Sheet file={sheets.before} alt="Samples before fine-tuning" caption="Before" />
        <Sheet file={sheets.after} alt="Samples after fine-tuning, from the same noise" caption="After" />
      </div>
      {sameNoise.length > 0 && (
        <>
          <h3>One by one</h3>
          <p className="note">Before on the left, after on the right.</p>
          <ShowMore items={sameNoise} step={PAIRS} noun="pairs">
            {files => (
              <ul className="noise-pairs">
                {files.map(file => (
                  <li key={file} className="pair-pictures">
                    <Picture set="generated" from="run" file={`${before.samples.folder}/${file}`} size="medium" opens />
                    <Picture set="generated" from="run" file={`${after.samples.folder}/${file}`} size="medium" opens />
                  </li>
                ))}
              </ul>
            )}
          </ShowMore>
        </>
      )}
      <Folded summary="Samples of every round">
        <SheetList
          sheets={rounds.map(({ index, sheet }) => ({
            id: index,
            file: sheet,
            alt: `Samples after ${plural(index, 'round')} of fine-tuning`,
            caption: index === 0 ? 'As given' : `After ${plural(index, 'round')}`,
          }))}
        />
      </Folded>
    </Section>
  );
}
