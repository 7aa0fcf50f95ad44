import { type ReactNode, useMemo } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { SelectionReport, SelectionSide } from '../../src/ground/contracts/selection.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { type Fact, Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Picture } from '../components/picture.tsx';
import { Section } from '../components/section.tsx';
import { SetKey } from '../components/set-key.tsx';
import type { ShareChart } from '../components/share-bars.ts';
import { AttributeArticle, ShareFigure, SharesTable } from '../components/share-figure.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatPEquals, formatShare, type NumberKind, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';

export const SELECTION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'images', title: 'Kept images' },
  { id: 'selection', title: 'Selection' },
  { id: 'shares', title: 'Distribution of people' },
  { id: 'method', title: 'Method' },
];

const SHOWN = 24;
const NEAREST = 6;

const sharesOf = (side: SelectionSide | null, attribute: string): Readonly<Record<string, Metric>> => {
  const found = side?.bias.attributes[attribute];
  return found?.corrected?.generated ?? found?.generated ?? {};
};

/** The report of a selection: samples of a generator as they come, and those of its other samples that were kept. */
export function SelectionPage({ report, run }: OfRun<SelectionReport>): ReactNode {
  const title = 'Samples of a generator, and those that were kept';
  usePageTitle(title);
  const { before, after, selection, sets, verdict, skipped } = report;
  return (
    <>
      <OverviewSection kind="Selection" run={run} title={title}>
        <p className="lead">
          {formatCount(before.n)} samples as the generator makes them; {plural(selection.kept, 'sample')} kept of{' '}
          {plural(selection.looked, 'other one')}; {formatCount(sets.training.n)} training images.
        </p>
        <h2>Verdict</h2>
        <Findings findings={verdict} />
        <h2>Before and kept</h2>
        <DataTable
          caption="Measures before and of what was kept"
          captionHidden
          columns={MEASURES}
          rows={measuresOf(report)}
          keyOf={({ name }) => name}
        />
      </OverviewSection>
      <Images report={report} />
      <Section
        id="selection"
        title="Selection"
        lead="Why candidates were rejected; the first reason that holds counts. A candidate near a held-out image is rejected like one near a training image, so that the relabelling test keeps its meaning."
      >
        <Facts items={selectionFacts(report)} />
      </Section>
      <Section
        id="shares"
        title="Distribution of people"
        lead="Shares as the classifier says, with its errors removed where they are known: of what was kept, the errors that it makes after a selection by its own answers. Lines are intervals; the dashed line is the target."
      >
        {Object.keys(before.bias.attributes).length === 0 ? (
          <p className="note">No attribute was measured.</p>
        ) : (
          Object.keys(before.bias.attributes).map(name => <Shares key={name} name={name} report={report} />)
        )}
      </Section>
      <MethodSection
        run={run}
        skipped={skipped}
        lead="Samples are generated, some of them, chosen by chance, audited as they are, and the others selected from; what was kept is audited like the first. No weight of the generator is changed. Intervals are at 95 % unless they say otherwise."
      >
        <Facts
          items={[
            { term: 'Generator', value: <FileName name={report.generator} whole /> },
            { term: 'Training images', value: <FileName name={sets.training.source} whole /> },
            ...(sets.heldout === null
              ? []
              : [{ term: 'Held-out images', value: <FileName name={sets.heldout.source} whole /> }]),
            {
              term: 'Embedding',
              value: `${visibleText(before.replication.embedder.name)}, ${formatCount(before.replication.embedder.width)} numbers`,
            },
            {
              term: 'Kept images, in the run’s folder',
              value: <FileName name={after?.folder ?? 'artifacts/kept'} whole />,
            },
          ]}
        />
      </MethodSection>
    </>
  );
}

interface Measured {
  readonly name: string;
  readonly kind: NumberKind;
  readonly before: Metric | undefined;
  readonly after: Metric | undefined;
}

const cellOf = (metric: Metric | undefined, kind: NumberKind): ReactNode =>
  metric === undefined ? <span className="note">not measured</span> : <MetricValue metric={metric} kind={kind} />;

const MEASURES: readonly Column<Measured>[] = [
  { id: 'name', header: 'Measure', cell: ({ name }) => visibleText(name) },
  { id: 'before', header: 'Before', numeric: true, cell: ({ before, kind }) => cellOf(before, kind) },
  { id: 'kept', header: 'Kept', numeric: true, cell: ({ after, kind }) => cellOf(after, kind) },
];

function measuresOf({ before, after }: SelectionReport): Measured[] {
  return [
    {
      name: 'Called copies',
      kind: 'share',
      before: before.replication.copied,
      after: after?.replication.copied,
    },
    ...Object.entries(before.bias.attributes).flatMap(([attribute, { classes }]) =>
      classes.map(
        (name): Measured => ({
          name: `${wordsOf(attribute)}: ${name}`,
          kind: 'share',
          before: sharesOf(before, attribute)[name],
          after: sharesOf(after, attribute)[name],
        }),
      ),
    ),
    { name: 'Fréchet distance', kind: 'number', before: before.quality.fid, after: after?.quality.fid },
  ];
}

function Images({ report: { before, after, selection } }: { readonly report: SelectionReport }): ReactNode {
  const folder = after?.folder ?? 'artifacts/kept';
  return (
    <Section id="images" title="Kept images" lead="The images that were kept, in an order of chance.">
      {selection.files.length === 0 ? (
        <p className="note">None was kept.</p>
      ) : (
        <ShowMore items={selection.files} step={SHOWN} noun="images">
          {files => (
            <ul className="noise-pairs">
              {files.map(file => (
                <li key={file}>
                  <Picture set="generated" from="run" file={`${folder}/${file}`} size="medium" opens />
                </li>
              ))}
            </ul>
          )}
        </ShowMore>
      )}
      <h3>Before: samples nearest to a training image</h3>
      <p className="key">
        <SetKey set="generated">Sample, left</SetKey>
        <SetKey set="training">Training, right</SetKey>
      </p>
      <ul className="noise-pairs">
        {before.replication.pairs.slice(0, NEAREST).map(({ generated, training }) => (
          <li key={generated} className="pair-pictures">
            <Picture set="generated" from="run" file={`${before.folder}/${generated}`} size="medium" opens />
            <Picture set="training" file={training} size="medium" opens />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function selectionFacts({ selection, before, after }: SelectionReport): Fact[] {
  const { candidates, looked, accepted, limit, rates, rejected } = selection;
  const p = (side: SelectionSide | null): string =>
    side?.replication.permutation.p == null ? 'not known' : formatPEquals(side.replication.permutation.p);
  return [
    { term: 'Kept', value: <MetricValue metric={accepted} kind="share" size="large" /> },
    { term: 'Candidates looked at', value: `${formatCount(looked)} of ${formatCount(candidates)}` },
    { term: 'Rejected near a training image', value: formatCount(rejected.nearTraining) },
    { term: 'Rejected near a held-out image', value: formatCount(rejected.nearHeldout) },
    { term: 'Rejected for the shares', value: formatCount(rejected.shares) },
    { term: 'Repeats', value: formatCount(rejected.repeated) },
    { term: 'Without a face', value: formatCount(rejected.unreadable) },
    { term: 'Rejected from a similarity of', value: limit === null ? 'copies were kept' : limit.toFixed(3) },
    ...Object.entries(rates).map(([attribute, byClass]) => ({
      term: `Kept by ${wordsOf(attribute)}`,
      value: Object.entries(byClass)
        .map(([name, rate]) => `${visibleText(name)} ${formatShare(rate)}`)
        .join(', '),
    })),
    { term: 'Relabelling test', value: `before ${p(before)}; kept ${p(after)}` },
  ];
}

function Shares({ name, report }: { readonly name: string; readonly report: SelectionReport }): ReactNode {
  const chart = useMemo((): ShareChart => {
    const { before, after, targets } = report;
    const bias = before.bias.attributes[name];
    const training = bias?.corrected?.training ?? bias?.training ?? {};
    return {
      series: [
        { id: 'training', title: 'Training', style: 'training' },
        { id: 'before', title: 'Before', style: 'generated-open' },
        { id: 'kept', title: 'Kept', style: 'generated' },
      ],
      groups: (bias?.classes ?? []).map(label => ({
        label,
        target: targets.bias[name]?.[label] ?? null,
        shares: [training[label], sharesOf(before, name)[label], sharesOf(after, name)[label]],
      })),
    };
  }, [report, name]);
  const source = report.before.bias.attributes[name]?.source;
  return (
    <AttributeArticle name={name}>
      <ShareFigure
        of={`shares of ${wordsOf(name)}`}
        chart={chart}
        caption={`Labels of the samples: ${visibleText(source?.generated ?? 'none')}; of the training set: ${visibleText(source?.training ?? 'none')}.`}
      >
        <SharesTable name={name} chart={chart} />
      </ShareFigure>
    </AttributeArticle>
  );
}
