import { type ReactNode, useCallback } from 'react';
import type { AttributeBias } from '../../src/ground/contracts/audit.ts';
import { BarKey } from '../components/bar-key.tsx';
import { Chart } from '../components/chart.tsx';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatInterval, formatMeasured, formatPEquals, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { testName, wordsOf } from '../text/words.ts';
import { barSeriesOf, drawBias } from './bias-chart.ts';
import { ConfusionTable } from './confusion-table.tsx';
import { DiscrepancyTable } from './discrepancy-table.tsx';

/** Who the generator draws, against whom it was trained on. */
export function Bias({ attributes }: { readonly attributes: Readonly<Record<string, AttributeBias>> }): ReactNode {
  const entries = Object.entries(attributes);
  return (
    <Section
      id="bias"
      title="Bias"
      lead="The mix of people in the training set and in what was generated. Labels are what a label file or a classifier says of a picture, not what a person is."
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
  const draw = useCallback((width: number) => drawBias(bias, width), [bias]);
  const title = wordsOf(name);
  return (
    <article className="attribute" aria-label={title}>
      <h3 className="attribute-title">{title}</h3>
      <AmplificationSentence name={title} amplification={bias.amplification} />
      <figure className="figure">
        <BarKey series={barSeriesOf(bias)} />
        <Chart label={describe(title, bias)} draw={draw} />
        <figcaption>
          Labels of the training set: {sourceText(bias.source.training)}; of the generated set:{' '}
          {sourceText(bias.source.generated)}. Lines are intervals.
          {bias.corrected !== null &&
            ` Corrected shares remove the classifier’s own errors, measured on ${formatCount(bias.corrected.confusionN)} labelled pictures.`}
        </figcaption>
        <details className="alternative">
          <summary>The chart as a table</summary>
          <SharesTable title={title} bias={bias} />
        </details>
        <DiscrepancyTable title={title} discrepancy={bias.discrepancy} />
        {bias.corrected !== null && <ConfusionTable classes={bias.classes} corrected={bias.corrected} />}
      </figure>
    </article>
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
      The generated mix of {name} is <strong>{formatMeasured(value)} times</strong> as far from the target as the
      training mix
      {interval !== null && ` (${formatInterval('number', interval)})`}.{tested}
    </p>
  );
}

function describe(title: string, bias: AttributeBias): string {
  const series = barSeriesOf(bias);
  const classes = bias.classes.map(name => {
    const shares = series.map(({ title: set, shares: of }) => {
      const value = of[name]?.value;
      return `${set.toLowerCase()} ${value === null || value === undefined ? 'not computed' : formatShare(value)}`;
    });
    return `${visibleText(name)}: ${shares.join(', ')}`;
  });
  return `Bars of the shares of ${title}. ${classes.join('. ')}.`;
}

function SharesTable({ title, bias }: { readonly title: string; readonly bias: AttributeBias }): ReactNode {
  return (
    <DataTable
      caption={`Shares of ${title}`}
      rows={bias.classes}
      keyOf={name => name}
      columns={[
        { id: 'class', header: 'Class', cell: name => visibleText(name) },
        ...barSeriesOf(bias).map(series => ({
          id: series.id,
          header: series.title,
          numeric: true,
          cell: (name: string) => {
            const metric = series.shares[name];
            return metric === undefined ? '–' : <MetricValue metric={metric} kind="share" />;
          },
        })),
        {
          id: 'target',
          header: 'Target',
          numeric: true,
          cell: name => {
            const target = bias.target[name];
            return target === undefined ? '–' : formatShare(target);
          },
        },
      ]}
    />
  );
}
