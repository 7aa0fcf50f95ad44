import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { GoalState, MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { Facts } from '../components/facts.tsx';
import { Findings } from '../components/findings.tsx';
import { LevelMark } from '../components/level-mark.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Noted } from '../components/noted.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import { formatAs, formatCount, type NumberKind, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { attributesOf, sharesOf } from './sides.ts';

const STOPS: Readonly<Record<MitigationReport['stoppedBy'], string>> = {
  targets: 'all targets held on its own samples; those measured below are fresh',
  quality: 'the images became worse than was allowed',
  rounds: 'the rounds had ended',
};

export function titleOf({ targets }: MitigationReport): string {
  const goals = [
    ...(targets.replication === null ? [] : ['copying']),
    ...Object.keys(targets.bias).map(name => `the skew of ${wordsOf(name)}`),
  ];
  if (goals.length === 0) return 'A face generator before and after fine-tuning';
  const list = goals.length === 1 ? goals[0] : `${goals.slice(0, -1).join(', ')} and ${goals.at(-1)}`;
  return `A face generator fine-tuned against ${list}`;
}

/** What was wanted, whether it was reached, and the numbers before and after. */
export function Overview({ report, run }: OfRun<MitigationReport>): ReactNode {
  const { before, after, sets, chosen, stoppedBy } = report;
  return (
    <OverviewSection kind="Mitigation" run={run} title={titleOf(report)}>
      <p className="lead">
        {formatCount(sets.training.n)} training images, {formatCount(after.samples.n)} fresh samples of the model before
        and after. The loop stopped because {STOPS[stoppedBy]};{' '}
        {chosen === 0
          ? 'the model as it was given turned out best and was kept.'
          : `the model after ${plural(chosen, 'round')} of fine-tuning was kept.`}
      </p>
      <h2>Verdict</h2>
      <Findings findings={report.verdict} />
      <h2>Before and after</h2>
      <Facts
        look="key-numbers"
        items={[
          {
            term: 'Samples called copies',
            value: <Change before={before.replication.copied} after={after.replication.copied} kind="share" />,
          },
          ...attributesOf(report)
            .slice(0, Math.max(1, Object.keys(report.targets.bias).length))
            .map(attribute => {
              const [name = ''] = before.bias.attributes[attribute]?.classes ?? [];
              return {
                id: `share-${attribute}`,
                term: `Share of ${visibleText(name)}, by ${wordsOf(attribute)}`,
                value: (
                  <Change
                    before={sharesOf(before, attribute)[name]}
                    after={sharesOf(after, attribute)[name]}
                    kind="share"
                  />
                ),
              };
            }),
          {
            term: 'Fréchet distance, lower is closer to real faces',
            value: <Change before={before.quality.fid} after={after.quality.fid} kind="number" />,
          },
        ]}
      />
      <h2>Targets</h2>
      <Goals goals={after.goals} />
    </OverviewSection>
  );
}

/** A number as it was, small, and as it is, large. */
function Change({
  before,
  after,
  kind,
}: {
  readonly before: Metric | undefined;
  readonly after: Metric | undefined;
  readonly kind: NumberKind;
}): ReactNode {
  if (after === undefined) return <span className="note">not measured</span>;
  const was = before?.value ?? null;
  return (
    <span className="change">
      <span className="change-before">
        {was === null ? 'before: not computed' : `before: ${formatAs(kind, was)}, after:`}
      </span>
      <MetricValue metric={after} kind={kind} size="large" />
    </span>
  );
}

const GOALS: Readonly<Record<GoalState['goal'], string>> = {
  replication: 'Copying',
  bias: 'Distribution',
  quality: 'Quality',
};

/** Each target with whether it is met, told by the interval and not by the value alone. */
function Goals({ goals }: { readonly goals: readonly GoalState[] }): ReactNode {
  if (goals.length === 0) return <p className="note">No target was set.</p>;
  return (
    <ul className="goals">
      {goals.map(({ goal, attribute, holds, because }) => (
        <li key={`${goal}/${attribute}`}>
          <LevelMark level={holds ? 'good' : 'bad'}>{holds ? 'Met' : 'Not met'}</LevelMark>
          <span>
            <Noted note={visibleText(because)}>
              <strong>{goal === 'bias' ? `Distribution of ${wordsOf(attribute)}` : GOALS[goal]}</strong>
            </Noted>
          </span>
        </li>
      ))}
    </ul>
  );
}
