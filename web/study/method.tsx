import type { ReactNode } from 'react';
import type { StudyReport, StudyResult } from '../../src/ground/contracts/study.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { formatCount, formatNumber } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { KINDS } from './kinds.ts';

/** What a command that trains does not say is left open. */
const known = (value: number | null, format: (value: number) => string): string =>
  value === null ? '–' : format(value);

const TRAINING: readonly Column<StudyResult>[] = [
  { id: 'generator', header: 'Generator', cell: ({ kind }) => KINDS[kind].title },
  { id: 'size', header: 'Images', numeric: true, cell: ({ size }) => formatCount(size) },
  { id: 'numbers', header: 'Numbers', numeric: true, cell: ({ training }) => known(training.parameters, formatCount) },
  { id: 'steps', header: 'Steps', numeric: true, cell: ({ training }) => known(training.steps, formatCount) },
  { id: 'batch', header: 'Batch', numeric: true, cell: ({ training }) => known(training.batchSize, formatCount) },
  { id: 'epochs', header: 'Passes', numeric: true, cell: ({ training }) => known(training.epochs, formatNumber) },
  { id: 'seconds', header: 'Seconds', numeric: true, cell: ({ training }) => formatNumber(training.seconds) },
  { id: 'samples', header: 'Samples', numeric: true, cell: ({ samples }) => formatCount(samples) },
  {
    id: 'unclassified',
    header: 'Without a face',
    numeric: true,
    cell: ({ unclassified }) => formatCount(unclassified),
  },
];

/** The classifier's own errors, how each generator was trained, and where all of it ran. */
export function Method({ report, run }: OfRun<StudyReport>): ReactNode {
  return (
    <MethodSection
      run={run}
      skipped={report.skipped}
      lead="Each smaller subset lies within each larger one. Intervals are at 95 % unless they say otherwise; those of samples do not know that another training run would have given another generator."
    >
      <h3>Training</h3>
      <DataTable
        caption="What each generator was given"
        captionHidden
        columns={TRAINING}
        rows={report.results}
        keyOf={({ kind, size }) => `${kind}-${size}`}
      />
      <h3>Classifier</h3>
      {Object.entries(report.attributes).map(([name, attribute]) => (
        <Classifier key={name} name={name} attribute={attribute} />
      ))}
      <h3>Images</h3>
      <p className="note">
        <FileName name={report.images.source} whole />
      </p>
    </MethodSection>
  );
}

function Classifier({
  name,
  attribute,
}: {
  readonly name: string;
  readonly attribute: StudyReport['attributes'][string];
}): ReactNode {
  const { classes, classifier } = attribute;
  return (
    <>
      <p className="sentence">
        {visibleText(classifier.name)} says {wordsOf(name)} of labelled images of the folder, at the size that the
        generators make; right in <MetricValue metric={classifier.accuracy} kind="share" />
      </p>
      <DataTable
        caption={`Images of each true class of ${wordsOf(name)} (columns) that it calls what (rows)`}
        columns={[
          { id: 'said', header: 'Classifier says', cell: row => visibleText(row.said) },
          ...classes.map((truth, column) => ({
            id: `true-${column}`,
            header: visibleText(truth),
            numeric: true,
            cell: ({ counts }: { readonly counts: readonly number[] }) => formatCount(counts[column] ?? 0),
          })),
        ]}
        rows={classes.map((said, row) => ({ said, counts: classifier.confusion[row] ?? [] }))}
        keyOf={({ said }) => said}
      />
    </>
  );
}
