import { type ReactNode, useMemo } from 'react';
import type { AttributeBias } from '../../src/ground/contracts/audit.ts';
import { Section } from '../components/section.tsx';
import { AttributeArticle, ShareFigure, SharesTable } from '../components/share-figure.tsx';
import { formatCount, formatInterval, formatMeasured, formatPEquals } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { testName, wordsOf } from '../text/words.ts';
import { sharesOf } from './bias-shares.ts';
import { ConfusionTable } from './confusion-table.tsx';
import { DiscrepancyTable } from './discrepancy-table.tsx';

/** The people a generator produces, beside those it was trained on. */
export function Bias({ attributes }: { readonly attributes: Readonly<Record<string, AttributeBias>> }): ReactNode {
  const entries = Object.entries(attributes);
  return (
    <Section
      id="bias"
      title="Bias"
      lead="The distribution of people in the training set and in the generated set. Labels are what a label file or a classifier says of an image, not what a person is."
    >
      {entries.length === 0 ? (
        <p className="note">No attribute was measured: the run had neither labels nor a classifier.</p>
      ) : (
        entries.map(([name, bias]) => <Attribute key={name} name={name} bias={bias} />)
      )}
    </Section>
  );
}

function Attribute({ name, bias }: { readonly name: string; readonly bias: AttributeBias }): ReactNode {
  const chart = useMemo(() => sharesOf(bias), [bias]);
  const { source, corrected } = bias;
  return (
    <AttributeArticle name={name}>
      <AmplificationSentence name={wordsOf(name)} amplification={bias.amplification} />
      <ShareFigure
        of={`shares of ${wordsOf(name)}`}
        chart={chart}
        caption={
          <>
            Labels of the training set: {sourceText(source.training)}; of the generated set:{' '}
            {sourceText(source.generated)}. Lines are intervals.
            {corrected !== null &&
              ` Corrected shares remove the classifier’s own errors, measured on ${formatCount(corrected.confusionN)} labelled images.`}
          </>
        }
      >
        <SharesTable name={name} chart={chart} />
        <DiscrepancyTable title={wordsOf(name)} discrepancy={bias.discrepancy} />
        {corrected !== null && <ConfusionTable classes={bias.classes} corrected={corrected} />}
      </ShareFigure>
    </AttributeArticle>
  );
}

function sourceText(source: string): string {
  if (source === 'labels') return 'the label file';
  if (source === 'built-in') return 'the built-in networks';
  return visibleText(source);
}

function AmplificationSentence({
  name,
  amplification,
}: {
  readonly name: string;
  readonly amplification: AttributeBias['amplification'];
}): ReactNode {
  const { value, reason, interval, p, test } = amplification;
  const tested = p !== null && (
    <>
      {' '}
      {p <= 0.05
        ? 'The two mixes differ by more than chance'
        : 'There is no evidence that the two mixes differ beyond chance'}{' '}
      ({formatPEquals(p)}, {testName(test)}).
    </>
  );
  if (value === null) {
    return (
      <p className="sentence">
        Amplification was not computed ({visibleText(reason ?? 'no reason was recorded')}).{tested}
      </p>
    );
  }
  return (
    <p className="sentence">
      The generated distribution of {name} is <strong>{formatMeasured(value)} times</strong> as far from the target as
      the training distribution
      {interval !== null && ` (${formatInterval('number', interval)})`}.{tested}
    </p>
  );
}
