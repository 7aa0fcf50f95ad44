import { type ReactNode, useEffect } from 'react';
import type { Finding } from '../../src/contracts/audit.ts';
import type { ReportPage } from '../../src/contracts/report.ts';
import type { StudyAttribute, StudyReport, StudyResult } from '../../src/contracts/study.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { LevelMark } from '../components/level-mark.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatNumber, formatP, formatTime, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';

export const STUDY_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'shares', title: 'Shares by size' },
  { id: 'classifier', title: 'Classifier' },
  { id: 'training', title: 'Training' },
];

const KINDS: Readonly<Record<StudyResult['kind'], string>> = { gan: 'GAN', diffusion: 'Diffusion model' };

/** The report of a study of bias by the size of the training set. */
export function StudyPage({ page, report }: { readonly page: ReportPage; readonly report: StudyReport }): ReactNode {
  const { attributes, results, sizes, images, budget } = report;
  const title = `Bias by the size of the training set, ${formatCount(sizes[0]!)} to ${formatCount(sizes.at(-1)!)} images`;
  useEffect(() => {
    document.title = `${title} · biolens`;
  }, [title]);
  return (
    <>
      <section id="overview" className="section overview" aria-labelledby="overview-title">
        <p className="kicker">Study · {formatTime(page.run.provenance.startedAt)}</p>
        <h1 id="overview-title">{title}</h1>
        <p>
          {plural(results.length, 'generator')} trained on nested subsets of {formatCount(images.n)} images,{' '}
          {formatNumber(budget.value)} {budget.unit} each.
        </p>
        <h2>Verdict</h2>
        <ul className="verdict">
          {report.verdict.map(finding => (
            <FindingItem key={finding.subject} finding={finding} />
          ))}
        </ul>
      </section>
      <Section
        id="shares"
        title="Shares by size"
        lead="Samples as classified, after removing the classifier’s measured errors where that is possible."
      >
        {Object.entries(attributes).map(([name, attribute]) => (
          <DataTable
            key={name}
            caption={wordsOf(name)}
            columns={shareColumns(name, attribute)}
            rows={results}
            keyOf={({ kind, size }) => `${kind}-${size}`}
          />
        ))}
      </Section>
      <Section id="classifier" title="Classifier" lead="Of labelled images of each class, how many got which class.">
        {Object.entries(attributes).map(([name, { classes, classifier }]) => (
          <DataTable
            key={name}
            caption={`${wordsOf(name)}, by ${visibleText(classifier.name)}`}
            columns={[
              { id: 'said', header: 'Classified as', cell: row => visibleText(row.said) },
              ...classes.map((truth, column) => ({
                id: truth,
                header: visibleText(`is ${truth}`),
                numeric: true,
                cell: ({ counts }: { readonly counts: readonly number[] }) => formatCount(counts[column] ?? 0),
              })),
            ]}
            rows={classes.map((said, row) => ({ said, counts: classifier.confusion[row] ?? [] }))}
            keyOf={({ said }) => said}
          />
        ))}
      </Section>
      <Section id="training" title="Training">
        <DataTable
          caption="What each generator was given"
          captionHidden
          columns={TRAINING_COLUMNS}
          rows={results}
          keyOf={({ kind, size }) => `${kind}-${size}`}
        />
      </Section>
    </>
  );
}

function FindingItem({ finding }: { readonly finding: Finding }): ReactNode {
  return (
    <li className={`finding finding-${finding.level}`}>
      <div className="finding-head">
        <LevelMark level={finding.level} />
        <span className="finding-subject">{visibleText(finding.subject)}</span>
      </div>
      <div>
        <p className="finding-headline">{visibleText(finding.headline)}</p>
        <p className="finding-certainty">{visibleText(finding.certainty)}</p>
      </div>
    </li>
  );
}

const NAME_COLUMNS: readonly Column<StudyResult>[] = [
  { id: 'generator', header: 'Generator', cell: ({ kind }) => KINDS[kind] },
  { id: 'size', header: 'Images', numeric: true, cell: ({ size }) => formatCount(size) },
];

function shareColumns(name: string, { classes }: StudyAttribute): Column<StudyResult>[] {
  const share = (result: StudyResult, side: 'training' | 'generated', className: string): ReactNode => {
    const bias = result.attributes[name];
    const metric = side === 'training' ? bias?.training : (bias?.corrected?.generated ?? bias?.generated);
    const found = metric?.[className];
    return found === undefined ? '–' : <MetricValue metric={found} kind="share" withoutN />;
  };
  return [
    ...NAME_COLUMNS,
    ...classes.flatMap((className): Column<StudyResult>[] => [
      {
        id: `${className}-training`,
        header: visibleText(`${className}, training`),
        numeric: true,
        cell: result => share(result, 'training', className),
      },
      {
        id: `${className}-generated`,
        header: visibleText(`${className}, samples`),
        numeric: true,
        cell: result => share(result, 'generated', className),
      },
    ]),
    {
      id: 'amplification',
      header: 'Amplification',
      numeric: true,
      cell: ({ attributes }) => {
        const amplification = attributes[name]?.amplification;
        return amplification === undefined ? '–' : <MetricValue metric={amplification} kind="factor" withoutN />;
      },
    },
    {
      id: 'p',
      header: 'p',
      numeric: true,
      cell: ({ attributes }) => formatP(attributes[name]?.amplification.p ?? null),
    },
  ];
}

const TRAINING_COLUMNS: readonly Column<StudyResult>[] = [
  ...NAME_COLUMNS,
  { id: 'numbers', header: 'Numbers', numeric: true, cell: ({ training }) => formatCount(training.parameters) },
  { id: 'steps', header: 'Steps', numeric: true, cell: ({ training }) => formatCount(training.steps) },
  { id: 'epochs', header: 'Passes', numeric: true, cell: ({ training }) => formatNumber(training.epochs) },
  { id: 'seconds', header: 'Seconds', numeric: true, cell: ({ training }) => formatNumber(training.seconds) },
  { id: 'samples', header: 'Samples', numeric: true, cell: ({ samples }) => formatCount(samples) },
  {
    id: 'unclassified',
    header: 'Without a face',
    numeric: true,
    cell: ({ unclassified }) => formatCount(unclassified),
  },
];
