import type { ReactNode } from 'react';
import type { FederationReport } from '../../src/ground/contracts/federation.ts';
import { type Fact, Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { MetricValue, WrittenValue } from '../components/metric-value.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { SettingsTable } from '../components/settings-table.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatNumber, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { Members } from './members.tsx';
import { ServedRounds } from './served-rounds.tsx';
import { trafficText } from './traffic-text.ts';

export const FEDERATION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'members', title: 'Who takes part' },
  { id: 'rounds', title: 'Rounds' },
  { id: 'trust', title: 'Who could see what' },
  { id: 'method', title: 'Method' },
];

const titleOf = ({ model, members }: FederationReport): string =>
  `${visibleText(model.name)}, ${plural(members.length, 'client')}`;

/** A federation of real clients: as far as it is while it goes on, and its result. */
export function FederationPage({ report, run }: OfRun<FederationReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Members report={report} />
      <ServedRounds report={report} />
      <Trust report={report} />
      <Method report={report} run={run} />
    </>
  );
}

const large = (term: string, value: string): Fact => ({ term, value: <WrittenValue value={value} size="large" /> });

const STEPS: Readonly<Record<string, string>> = {
  commit: 'clients say that they take part',
  keys: 'clients show their keys',
  shares: 'clients share their secrets',
  vector: 'clients train',
  confirm: 'clients confirm who is in the sum',
  unmask: 'the sum is unmasked',
};

const MOST_NAMES = 5;

function awaitedText(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, MOST_NAMES).map(visibleText).join(', ');
  const more = names.length > MOST_NAMES ? ` and ${formatCount(names.length - MOST_NAMES)} more` : '';
  return `; waiting for ${shown}${more}`;
}

/** What it is doing, or that it is over. */
function stateText({ now, rounds, planned, privacy, members }: FederationReport): string {
  if (now === null)
    return privacy?.spent === true
      ? `The privacy budget ended it after ${plural(rounds.length, 'round')}.`
      : `All ${plural(planned, 'round')} are played.`;
  const here = members.filter(({ state }) => state === 'here').length;
  if (now.step === 'waiting' && here < now.least)
    return `Round ${formatCount(now.round)} begins when ${plural(now.least, 'client')} are here; now there are ${formatCount(here)}.`;
  return `Round ${formatCount(now.round)} of ${formatCount(planned)}: ${STEPS[now.step] ?? 'between two steps'}${awaitedText(now.awaited)}.`;
}

function privacyNumbers({ privacy, epsilon }: FederationReport): Fact[] {
  if (privacy === null) return [];
  const { delta, budget } = privacy;
  return [
    large(`ε spent, at δ = ${delta}`, epsilon === null ? 'none yet' : formatNumber(epsilon)),
    large('ε left', budget === null ? 'no limit' : formatNumber(Math.max(0, budget - (epsilon ?? 0)))),
  ];
}

function Overview({ report, run }: OfRun<FederationReport>): ReactNode {
  const { accuracy, rounds, planned, members, model, now, aggregation } = report;
  const here = members.filter(({ state }) => state === 'here').length;
  const total = (side: 'bytesUp' | 'bytesDown') => trafficText(members.reduce((sum, one) => sum + one[side], 0));
  return (
    <OverviewSection kind={now === null ? 'Federation' : 'Federation at work'} run={run} title={titleOf(report)}>
      <p className="lead" role={now === null ? undefined : 'status'}>
        {stateText(report)} {formatCount(model.parameters)} parameters; the coordinator{' '}
        {aggregation === null ? 'reads every update.' : 'sees sums alone.'}
      </p>
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          { term: 'Test images right', value: <MetricValue metric={accuracy} kind="share" size="large" /> },
          large('Rounds played', `${formatCount(rounds.length)} of ${formatCount(planned)}`),
          ...(now === null ? [] : [large('Clients here', `${formatCount(here)} of ${formatCount(members.length)}`)]),
          large('Sent by all clients', total('bytesUp')),
          large('Sent to all clients', total('bytesDown')),
          ...privacyNumbers(report),
        ]}
      />
    </OverviewSection>
  );
}

/** The adversary, what it learns, and what is not claimed. */
function Trust({ report: { aggregation, privacy, rule } }: { readonly report: FederationReport }): ReactNode {
  if (aggregation === null)
    return (
      <Section
        id="trust"
        title="Who could see what"
        lead="The coordinator reads every update, and with them much of the data behind them: a robust rule compares single updates. Each client has agreed to that."
      >
        <Facts
          items={[
            { term: 'Rule', value: visibleText(rule?.name ?? '') },
            { term: 'Poisoned updates of a round that it stands', value: formatCount(rule?.poisoned ?? 0) },
          ]}
        />
      </Section>
    );
  const { neighbours, threshold, corrupt, mayDrop, smallestSum } = aggregation;
  return (
    <Section
      id="trust"
      title="Who could see what"
      lead="The coordinator sees who takes part, who is whose neighbour, and sums. It may send what it likes to whom it likes, with as many clients on its side as stated; the guarantees fail with probability 2⁻⁴⁰."
    >
      <Facts
        items={[
          { term: 'Neighbours of a client', value: formatCount(neighbours) },
          { term: 'Neighbours that open a secret together', value: formatCount(threshold) },
          { term: 'Clients of a round that may work with the coordinator', value: formatCount(corrupt) },
          { term: 'Clients of a round that may be lost', value: formatCount(mayDrop) },
          { term: 'Honest clients that every sum covers at least', value: formatCount(smallestSum) },
        ]}
      />
      <p className="note">
        {privacy === null
          ? 'No noise is added: a sum tells something of its clients, the more the fewer they are.'
          : `ε says how much one client with all its data can change what is released. Clients add noise of ${formatNumber(privacy.noise)} clipping norms to each sum together, from their systems’ generators; ε is computed from the ledger (${visibleText(privacy.ledger)}), and without the protected client’s own noise.`}
      </p>
    </Section>
  );
}

function Method({ report, run }: OfRun<FederationReport>): ReactNode {
  const { address, session, model, digest, settings, aggregation } = report;
  const sent =
    aggregation === null
      ? 'send what they learned, which the coordinator reads'
      : 'send masked vectors, by secure aggregation against a server that cheats';
  return (
    <MethodSection
      run={run}
      lead={`Clients train on their own data and ${sent}. Intervals are Wilson’s at 95 %, over the test images.`}
    >
      <Facts
        items={[
          { term: 'Coordinator', value: visibleText(address) },
          { term: 'Federation', value: <code>{visibleText(session)}</code> },
          ...(model.file === null
            ? []
            : [{ term: 'Model, in the run’s artifacts', value: <FileName name={model.file} whole /> }]),
          {
            term: 'SHA-256 of its weights',
            value: digest === '' ? 'no round yet' : <code>{visibleText(digest)}</code>,
          },
        ]}
      />
      <SettingsTable settings={settings} />
    </MethodSection>
  );
}
