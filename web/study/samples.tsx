import type { ReactNode } from 'react';
import type { StudyReport } from '../../src/ground/contracts/study.ts';
import { Section } from '../components/section.tsx';
import { SheetList } from '../components/sheet.tsx';
import { plural } from '../text/format.ts';
import { capitalised } from '../text/words.ts';
import { KINDS } from './kinds.ts';

/** The first samples of each generator: the same noise for all sizes of a kind. */
export function Samples({ report }: { readonly report: StudyReport }): ReactNode {
  return (
    <Section
      id="samples"
      title="Samples"
      lead="The first samples of each generator, from the same noise for all sizes of a kind. A share says little where no face can be seen."
    >
      {report.kinds.map(kind => (
        <div key={kind}>
          <h3 className="kind-title">{KINDS[kind].title}</h3>
          <SheetList
            sheets={report.results
              .filter(result => result.kind === kind)
              .map(({ size, sheet }) => {
                const trained = `trained on ${plural(size, 'image')}`;
                return {
                  id: size,
                  file: `artifacts/${sheet}`,
                  alt: `Samples of the ${KINDS[kind].title.replace('Diffusion', 'diffusion')} ${trained}`,
                  caption: capitalised(trained),
                };
              })}
          />
        </div>
      ))}
    </Section>
  );
}
