import type { ReactNode } from 'react';
import type { AuditVideoReport, Span, VideoPair } from '../../src/ground/contracts/audit-video.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS } from '../components/set-key.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatP, formatPEquals, formatRate, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { ClipPair } from './clip-pair.tsx';

export const AUDIT_VIDEO_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'clips', title: 'Side by side' },
  { id: 'pairs', title: 'Pairs' },
  { id: 'method', title: 'Method' },
];

const stretch = ([from, to]: readonly [number, number]): string => `${from.toFixed(1)} to ${to.toFixed(1)} s`;
const spanText = ({ generated, training, reversed }: Span): string =>
  `${stretch(generated)} is ${stretch(training)}${reversed ? ', backwards' : ''}`;

const PAIRS: readonly Column<VideoPair>[] = [
  { id: 'generated', header: 'Generated', cell: ({ generated }) => <FileName name={generated} /> },
  { id: 'training', header: 'Looks most like', cell: ({ training }) => <FileName name={training} /> },
  { id: 'content', header: 'Content', numeric: true, cell: ({ content }) => content.toFixed(3) },
  { id: 'q', header: 'q', numeric: true, cell: ({ qValue }) => formatP(qValue) },
  { id: 'spans', header: 'Where', cell: ({ spans }) => spans.map(spanText).join('; ') },
  {
    id: 'like',
    header: 'Moves most like',
    cell: ({ nearestMotion }) => (nearestMotion === null ? 'no motion' : <FileName name={nearestMotion.training} />),
  },
  {
    id: 'motion',
    header: 'Motion',
    numeric: true,
    cell: ({ nearestMotion }) => nearestMotion?.similarity.toFixed(3) ?? '',
  },
  { id: 'motion-q', header: 'q', numeric: true, cell: ({ nearestMotion }) => formatP(nearestMotion?.qValue ?? null) },
  {
    id: 'called',
    header: 'Called',
    cell: ({ copy, nearestMotion }) =>
      [copy ? 'content' : '', nearestMotion?.copy ? 'motion' : ''].filter(word => word !== '').join(', '),
  },
];

const lastOf = (path: string): string => visibleText(path.split('/').at(-1) ?? path);
const testText = ({ permutation }: Pick<AuditVideoReport['replication'], 'permutation'>): string =>
  permutation.p === null ? visibleText(permutation.reason ?? '') : formatPEquals(permutation.p);

/** The report of an audit of videos. */
export function AuditVideoPage({ report, run }: OfRun<AuditVideoReport>): ReactNode {
  const { sets, settings, replication, shown, verdict, truth, skipped } = report;
  const { motion } = replication;
  const title = `${lastOf(sets.generated.source)} against ${lastOf(sets.training.source)}`;
  usePageTitle(title);
  return (
    <>
      <OverviewSection kind="Audit of videos" run={run} title={title}>
        <p className="lead">
          {plural(sets.generated.n, 'generated clip')} against {plural(sets.training.n, 'training clip')}
          {sets.heldout !== null && <> and {plural(sets.heldout.n, 'held-out clip')}</>}: what they show, and how they
          move.
        </p>
        <h2>Verdict</h2>
        <Findings findings={verdict} />
        <h2>Key numbers</h2>
        <Facts
          look="key-numbers"
          items={[
            { term: 'Copies of content', value: <MetricValue metric={replication.copied} kind="share" size="large" /> },
            { term: 'Copies of motion', value: <MetricValue metric={motion.copied} kind="share" size="large" /> },
            ...(truth === null
              ? []
              : [
                  {
                    term: 'Segment AP against known copies',
                    value: <MetricValue metric={truth.segmentAp} kind="number" size="large" />,
                  },
                ]),
          ]}
        />
      </OverviewSection>
      <Section
        id="clips"
        title="Side by side"
        lead="Clips in step: each moment of the generated clip beside the moment of the training clip that it matches. The band under the slider is the part that matched; arrows are motion, without the camera’s."
      >
        <ShowMore items={shown} step={4} noun="pairs">
          {some =>
            some.map(pair => (
              <ClipPair
                key={pair.clips.generated.sheet}
                shown={pair}
                pair={replication.pairs.find(({ generated }) => generated === pair.generated)}
              />
            ))
          }
        </ShowMore>
      </Section>
      <Section
        id="pairs"
        title="Pairs"
        lead="Each generated clip with the training clip that looks most like it, whatever the order of its frames, and the one that moves most like it, whatever it shows."
      >
        <ShowMore items={replication.pairs} step={50} noun="pairs">
          {some => (
            <DataTable caption="Pairs" captionHidden columns={PAIRS} rows={some} keyOf={({ generated }) => generated} />
          )}
        </ShowMore>
      </Section>
      <MethodSection
        run={run}
        skipped={skipped}
        lead="What was run, on what, with which settings. Intervals are at 95 % unless they say otherwise."
      >
        <Facts
          items={[
            ...(['generated', 'training', 'heldout'] as const).flatMap(name => {
              const set = sets[name];
              if (set === null) return [];
              const note = `${plural(set.n, 'clip')} of ${plural(set.files, 'file')}, ${Math.round(set.seconds)} s; ${set.still} without motion`;
              return [
                {
                  term: SET_LABELS[name],
                  value: (
                    <Noted note={note}>
                      <FileName name={set.source} whole />
                    </Noted>
                  ),
                },
              ];
            }),
            {
              term: 'Frames are compared by',
              value: `${visibleText(settings.embedder.name)}, ${settings.rate} a second (short clips by 16 frames), at most ${settings.window} s of content`,
            },
            { term: 'Motion', value: `between ${settings.motionRate} frames a second` },
            { term: 'Threshold of content', value: replication.threshold?.toFixed(3) ?? 'none' },
            { term: 'Threshold of motion', value: motion.threshold?.toFixed(3) ?? 'none' },
            { term: 'p-values of content compare with', value: visibleText(replication.control) },
            { term: 'p-values of motion compare with', value: visibleText(motion.control) },
            {
              term: 'Calls',
              value: `Benjamini-Hochberg at a false discovery rate of ${formatRate(replication.falseDiscoveryRate)}, above the threshold`,
            },
            { term: 'Relabelling test of content', value: testText(replication) },
            { term: 'Relabelling test of motion', value: testText(motion) },
          ]}
        />
      </MethodSection>
    </>
  );
}
