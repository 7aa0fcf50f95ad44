import { type ReactNode, useMemo } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { Section } from '../components/section.tsx';
import type { ShareChart } from '../components/share-bars.ts';
import { AttributeArticle, ShareFigure, SharesTable } from '../components/share-figure.tsx';
import { formatPEquals } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { testName, wordsOf } from '../text/words.ts';
import { attributesOf, sharesOf, sidesOf, trainingSharesOf } from './sides.ts';

/** The people the model generates, before and after, beside the training set and the target. */
export function Shares({ report }: { readonly report: MitigationReport }): ReactNode {
  const attributes = attributesOf(report);
  return (
    <Section
      id="shares"
      title="Distribution of people"
      lead="Shares as the classifier says, with its measured errors removed where they are known. Lines are intervals; the dashed line is the target."
    >
      {attributes.length === 0 ? (
        <p className="note">No attribute was measured.</p>
      ) : (
        attributes.map(name => <Attribute key={name} name={name} report={report} />)
      )}
    </Section>
  );
}

function chartOf(report: MitigationReport, name: string): ShareChart {
  const sides = sidesOf(report);
  const bias = report.before.bias.attributes[name];
  const training = trainingSharesOf(report.before, name);
  const target = report.targets.bias[name] ?? bias?.target ?? {};
  return {
    series: [{ id: 'training', title: 'Training', style: 'training' }, ...sides],
    groups: (bias?.classes ?? []).map(label => ({
      label,
      target: target[label] ?? null,
      shares: [training[label], ...sides.map(({ side }) => sharesOf(side, name)[label])],
    })),
  };
}

function Attribute({ name, report }: { readonly name: string; readonly report: MitigationReport }): ReactNode {
  const chart = useMemo(() => chartOf(report, name), [report, name]);
  const after = report.after.bias.attributes[name];
  const p = after?.amplification.p ?? null;
  return (
    <AttributeArticle name={name}>
      {after !== undefined && p !== null && (
        <p className="sentence">
          After fine-tuning, samples and training images{' '}
          {p <= 0.05 ? 'have different distributions' : 'cannot be told apart by distribution'} ({formatPEquals(p)},{' '}
          {testName(after.amplification.test)}).
        </p>
      )}
      <ShareFigure
        of={`shares of ${wordsOf(name)}`}
        chart={chart}
        caption={`Labels of the samples: ${visibleText(after?.source.generated ?? 'none')}; of the training set: ${visibleText(after?.source.training ?? 'none')}.`}
      >
        <SharesTable name={name} chart={chart} />
      </ShareFigure>
    </AttributeArticle>
  );
}
