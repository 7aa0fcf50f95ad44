import { type ReactNode, useMemo } from 'react';
import type { DiffusionReport, SampleSheet } from '../../src/ground/contracts/diffusion.ts';
import { DataTable } from '../components/data-table.tsx';
import { type Fact, Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Folded } from '../components/folded.tsx';
import { LineFigure } from '../components/line-figure.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { WrittenValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { SettingsTable } from '../components/settings-table.tsx';
import { Sheet, SheetList } from '../components/sheet.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatDuration, formatMeasured, formatNumber, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { lossLines } from './loss-lines.ts';

export const GENERATORS_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'samples', title: 'Samples' },
  { id: 'curve', title: 'Loss' },
  { id: 'method', title: 'Method' },
];

function titleOf({ kind, images }: DiffusionReport): string {
  const name = kind === 'gan' ? 'A GAN' : 'A diffusion model';
  return `${name} trained on ${formatCount(images.n)} images`;
}

/** The report of a run that trains a generator. */
export function GeneratorsPage({ report, run }: OfRun<DiffusionReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Samples sheets={report.sheets} />
      <Loss report={report} />
      <Method report={report} run={run} />
    </>
  );
}

function Overview({ report, run }: OfRun<DiffusionReport>): ReactNode {
  const { images, network, training, sampling } = report;
  return (
    <OverviewSection kind="Training" run={run} title={titleOf(report)}>
      <p className="lead">
        {visibleText(network.description)}, on images of {images.size} × {images.size} pixels.
      </p>
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          number('Numbers learned', formatCount(network.parameters)),
          number(`Steps of ${formatCount(training.batchSize)} images`, formatCount(training.steps)),
          number('Times that each image was seen', formatNumber(training.epochs)),
          number('Time of training', formatDuration(training.seconds * 1000)),
          ...(training.stepsPerSecond === null
            ? []
            : [number('Steps a second', formatMeasured(training.stepsPerSecond))]),
          ...(sampling.secondsPerImage === null
            ? []
            : [number('Seconds to sample an image', formatMeasured(sampling.secondsPerImage))]),
        ]}
      />
    </OverviewSection>
  );
}

const number = (term: string, value: string): Fact => ({ term, value: <WrittenValue value={value} size="large" /> });

const stepTitle = (step: number): string => (step === 0 ? 'Before training' : `After ${formatCount(step)} steps`);

/** The last sheet large, the others small, in the order of training. */
function Samples({ sheets }: { readonly sheets: readonly SampleSheet[] }): ReactNode {
  const last = sheets.at(-1);
  return (
    <Section
      id="samples"
      title="Samples"
      lead="From the same noise each time, sampled with the moving average of the weights, which is what is saved."
    >
      {last === undefined ? (
        <p className="note">No sheet was drawn.</p>
      ) : (
        <>
          <Sheet file={last.file} alt={`Samples ${stepTitle(last.step).toLowerCase()}`} caption={captionOf(last)} />
          {sheets.length > 1 && (
            <>
              <h3>As it learned</h3>
              <SheetList
                sheets={sheets.slice(0, -1).map(({ step, file }) => ({
                  id: step,
                  file,
                  alt: `Samples ${stepTitle(step).toLowerCase()}`,
                  caption: stepTitle(step),
                }))}
              />
            </>
          )}
        </>
      )}
    </Section>
  );
}

function captionOf({ step, classes }: SampleSheet): string {
  const names = [...new Set(classes ?? [])].map(visibleText);
  return names.length === 0 ? stepTitle(step) : `${stepTitle(step)}; classes ${names.join(', ')}, row by row`;
}

/** Points of the curve that its table shows. */
const TABLE_ROWS = 20;

function Loss({ report }: { readonly report: DiffusionReport }): ReactNode {
  const { curve } = report;
  const lines = useMemo(() => lossLines(report), [report]);
  const every = Math.max(1, Math.ceil(curve.steps.length / TABLE_ROWS));
  const last = curve.steps.length - 1;
  const rows = curve.steps.map((step, i) => ({ step, i })).filter(({ i }) => i % every === every - 1 || i === last);
  return (
    <Section
      id="curve"
      title="Loss"
      lead={
        report.kind === 'gan'
          ? 'Two networks against each other: neither loss says how good the images are. A discriminator whose loss falls to nothing has won, and the generator learns no more.'
          : 'How far the predicted noise is from the true one. It flattens long before the images stop getting better; look at the samples too.'
      }
    >
      <LineFigure title="Mean over the steps since the point before" lines={lines} />
      <Folded summary="The curve as a table">
        <DataTable
          caption="Means over the steps up to the one named"
          captionHidden
          columns={[
            { id: 'step', header: 'Step', cell: ({ step }) => formatCount(step) },
            ...Object.entries(curve.values).map(([id, values]) => ({
              id,
              header: wordsOf(id),
              numeric: true,
              cell: ({ i }: { readonly i: number }) => {
                const value = values[i];
                return value === null || value === undefined ? 'not recorded' : formatMeasured(value);
              },
            })),
          ]}
          rows={rows}
          keyOf={({ step }) => String(step)}
        />
      </Folded>
    </Section>
  );
}

function Method({ report, run }: OfRun<DiffusionReport>): ReactNode {
  const { images, model, sampling, training } = report;
  const { classes } = images;
  const total = Object.values(classes?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <MethodSection
      run={run}
      skipped={report.skipped}
      lead="What the model was trained on, how, and where: enough to repeat it."
    >
      <Facts
        items={[
          { term: 'Images', value: <FileName name={images.source} whole /> },
          ...(images.resized === 0
            ? []
            : [
                {
                  term: 'Scaled and cropped',
                  value: `${formatCount(images.resized)} of ${formatCount(images.n)} images`,
                },
              ]),
          { term: 'Model, in the run’s folder', value: <FileName name={model} whole /> },
          { term: 'Sampled by', value: `${visibleText(sampling.method)}, ${formatCount(sampling.steps)} steps` },
        ]}
      />
      {classes !== null && (
        <DataTable
          caption={`Images of each class of ${wordsOf(classes.attribute)}, which the model is conditioned on`}
          columns={[
            { id: 'class', header: 'Class', cell: ([name]) => visibleText(name) },
            { id: 'count', header: 'Images', numeric: true, cell: ([, count]) => formatCount(count) },
            {
              id: 'share',
              header: 'Share',
              numeric: true,
              cell: ([, count]) => formatShare(total === 0 ? 0 : count / total),
            },
          ]}
          rows={Object.entries(classes.counts)}
          keyOf={([name]) => name}
        />
      )}
      <SettingsTable settings={training.settings} />
    </MethodSection>
  );
}
