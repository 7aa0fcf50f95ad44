import type { ReactNode } from 'react';
import type { FederateReport } from '../../src/ground/contracts/federate.ts';
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
import { formatCount, formatNumber, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { Rounds } from './rounds.tsx';
import { wordsOf } from './task-words.ts';

export const FEDERATED_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'rounds', title: 'Rounds' },
  { id: 'trust', title: 'Who could see what' },
  { id: 'method', title: 'Method' },
];

const MODES: Readonly<Record<FederateReport['aggregation']['mode'], string>> = {
  plain: 'updates in clear',
  secure: 'secure aggregation',
  'two-aggregators': 'two aggregators',
};

const PARTS: Readonly<Record<FederateReport['clients']['partition'], string>> = {
  iid: 'shuffled',
  shards: 'mostly two classes a client',
  roles: 'a client is a role of the play',
};

const titleOf = ({ model, task, clients }: FederateReport): string =>
  `${visibleText(model.name)} on ${visibleText(task)}, ${formatCount(clients.total)} clients`;

/** The report of a simulated federation. */
export function FederatedPage({ report, run }: OfRun<FederateReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Rounds report={report} />
      <Trust report={report} />
      <Method report={report} run={run} />
    </>
  );
}

const number = (term: string, value: string): Fact => ({ term, value: <WrittenValue value={value} size="large" /> });

const totalOf = ({ rounds }: FederateReport, side: 'bytesUp' | 'bytesDown'): string =>
  `${formatNumber(rounds.reduce((sum, round) => sum + round[side], 0) / 1e6)} MB`;

function Overview({ report, run }: OfRun<FederateReport>): ReactNode {
  const { accuracy, topThree, rounds, reached, clients, model, aggregation, epsilon, privacy } = report;
  return (
    <OverviewSection kind="Simulated federation" run={run} title={titleOf(report)}>
      <p className="lead">
        {formatCount(model.parameters)} parameters, learned by {formatNumber(clients.each)} clients a round from{' '}
        {clients.examples.least === clients.examples.most
          ? formatCount(clients.examples.least)
          : `${formatCount(clients.examples.least)} to ${formatCount(clients.examples.most)}`}{' '}
        {wordsOf(report).examples} each ({PARTS[clients.partition]}); {MODES[aggregation.mode]}.
      </p>
      <h2>Key numbers</h2>
      <Facts
        look="key-numbers"
        items={[
          { term: wordsOf(report).accuracy, value: <MetricValue metric={accuracy} kind="share" size="large" /> },
          ...(topThree === null
            ? []
            : [
                {
                  term: 'Right among the first three answers',
                  value: <MetricValue metric={topThree} kind="share" size="large" />,
                },
              ]),
          number('Rounds', formatCount(rounds.length)),
          ...(reached === null
            ? []
            : [
                number(
                  `Round that reached ${formatShare(reached.target)}`,
                  reached.round === null ? 'none' : formatCount(reached.round),
                ),
              ]),
          number('Sent by all clients', totalOf(report, 'bytesUp')),
          number('Sent to all clients', totalOf(report, 'bytesDown')),
          ...(privacy === null
            ? []
            : [number(`ε at δ = ${privacy.delta}`, epsilon === null ? 'not bounded' : formatNumber(epsilon))]),
        ]}
      />
    </OverviewSection>
  );
}

function trustFacts({ aggregation }: FederateReport): Fact[] {
  const { cohort, bits, mode } = aggregation;
  const common = { term: 'Bits of an entry of the sum', value: formatCount(bits) };
  if (cohort === null || mode !== 'secure') return [common];
  return [
    common,
    { term: 'Neighbours of a client', value: formatCount(cohort.neighbours) },
    { term: 'Neighbours that open a secret together', value: formatCount(cohort.threshold) },
    { term: 'Clients of a round that may work with the server', value: formatCount(cohort.corrupt) },
    { term: 'Clients of a round that may be lost', value: formatCount(cohort.mayDrop) },
    { term: 'Honest clients that every sum covers at least', value: formatCount(cohort.smallestSum) },
  ];
}

const LEADS: Readonly<Record<FederateReport['aggregation']['mode'], string>> = {
  plain: 'The server saw each client’s update. Faces can be reconstructed from such updates.',
  secure:
    'The server saw who took part, who is whose neighbour, and sums. It may send what it likes to whom it likes, with as many clients on its side as stated; the guarantees fail with probability 2⁻⁴⁰. A sum still tells something of its clients: only noise bounds that.',
  'two-aggregators':
    'Each of the two servers saw who took part, and noise. If they work together, they see every update. A sum still tells something of its clients: only noise bounds that.',
};

/** The adversary, what it learns, and what is not claimed. */
function Trust({ report }: { readonly report: FederateReport }): ReactNode {
  const { privacy, aggregation } = report;
  return (
    <Section id="trust" title="Who could see what" lead={LEADS[aggregation.mode]}>
      <Facts items={trustFacts(report)} />
      {privacy !== null && (
        <>
          <h3>Privacy of a client</h3>
          <p className="note">
            ε says how much one client with all its data can change what is released, to whoever sees every sum. It is
            computed from the run’s ledger ({visibleText(privacy.ledger)}), of the noise of those clients that survived.
            A simulation’s noise comes from its seed, so that the run can be repeated: the ε is that of the method, and
            real clients take their noise from the system.
          </p>
          {privacy.stoppedAt !== null && (
            <p className="note">
              The budget of {formatNumber(privacy.budget ?? 0)} ended the run before round{' '}
              {formatCount(privacy.stoppedAt)}.
            </p>
          )}
        </>
      )}
    </Section>
  );
}

function Method({ report, run }: OfRun<FederateReport>): ReactNode {
  return (
    <MethodSection
      run={run}
      lead="All clients ran in one process, one after the other or side by side, with the functions that real ones run. Intervals are Wilson’s at 95 %, over the answers of the test."
    >
      <Facts
        items={[
          { term: 'Data', value: <FileName name={report.data.source} whole /> },
          {
            term: 'Amount',
            value: `${formatCount(report.data.training)} ${wordsOf(report).examples} for training, ${formatCount(report.data.test)} ${wordsOf(report).answers} for the test`,
          },
          { term: 'Model, in the run’s artifacts', value: <FileName name={report.model.file} whole /> },
          { term: 'SHA-256 of its weights', value: <code>{report.digest}</code> },
        ]}
      />
      <SettingsTable settings={report.settings} />
    </MethodSection>
  );
}
