import {
  type FederatedRound,
  type FederateReport,
  type FederationReport,
  federateReportSchema,
  federationReportSchema,
  type ReportPage,
  reportPageSchema,
} from '../../src/ground/contracts/index.ts';
import { HOSTILE, runRecord } from './fixtures.ts';

const ROUNDS = 12;
const TEST = 10_000;

function roundRow(round: number): FederatedRound {
  const value = 0.98 - 0.4 * Math.exp(-round / 3);
  const isAborted = round === 5;
  return {
    round,
    status: isAborted ? 'aborted' : 'done',
    accuracy: {
      value,
      n: TEST,
      interval: { low: value - 0.005, high: value + 0.005, confidence: 0.95, method: 'wilson' },
    },
    topThree: null,
    loss: 2.3 * Math.exp(-round / 4),
    clients: isAborted ? 0 : 7,
    dropped: isAborted ? 10 : 3,
    bytesUp: isAborted ? 0 : 4_000_000,
    bytesDown: 8_000_000,
    cut: 0,
    clip: 1,
    epsilon: Math.sqrt(round),
    digest: 'ab'.repeat(32),
    seconds: { training: 2, protocol: 0.3, testing: 0.1 },
    faults: isAborted ? ['round 5 is aborted: 5 of 10 clients have sent "vector", 7 are needed'] : [],
  };
}

/** A secure, private simulation with a round that was aborted. */
function federateReport(given: Partial<FederateReport> = {}): FederateReport {
  const rounds = Array.from({ length: ROUNDS }, (_, i) => roundRow(i + 1));
  return federateReportSchema.parse({
    schema: 'biolens/federate@1',
    task: 'mnist',
    data: { source: '/data/mnist', training: 60_000, test: TEST },
    model: { name: '2nn', parameters: 199_210, file: 'model.safetensors' },
    clients: { total: 100, each: 10, examples: { least: 600, most: 600 }, partition: 'shards' },
    aggregation: {
      mode: 'secure',
      bits: 20,
      cohort: { neighbours: 9, threshold: 6, corrupt: 1, mayDrop: 3, smallestSum: 4 },
    },
    rounds,
    accuracy: rounds.at(-1)!.accuracy,
    reached: { target: 0.9, round: 7 },
    epsilon: rounds.at(-1)!.epsilon,
    privacy: {
      delta: 1e-5,
      noiseMultiplier: 1,
      stoppedAt: 13,
      budget: 3.5,
      unit: 'client',
      ledger: 'ledger.jsonl',
    },
    digest: 'cd'.repeat(32),
    settings: { model: '2nn', clients: 100, fraction: 0.1, secure: true, drop: 0.3, noise: 1 },
    ...given,
  });
}

export function federatedPage(report = federateReport()): ReportPage {
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-28T10-02-11-federate-mnist-2nn', kind: 'federate' }),
    report,
    itemsDone: report.rounds.length,
    images: {},
    blurred: false,
  });
}

/** A simulation in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostileFederated(): ReportPage {
  const base = federateReport();
  return federatedPage(
    federateReport({
      task: HOSTILE.markup,
      data: { ...base.data, source: HOSTILE.script },
      model: { ...base.model, file: HOSTILE.direction },
      rounds: base.rounds.map(round => ({ ...round, faults: Object.values(HOSTILE) })),
      privacy: { ...base.privacy!, ledger: HOSTILE.markup },
      digest: HOSTILE.script,
      settings: { [HOSTILE.markup]: HOSTILE.script },
    }),
  );
}

/** A federation of real clients with noise, whose fifth round was aborted. */
export function federationReport(given: Partial<FederationReport> = {}): FederationReport {
  const names = ['clinic-a', 'clinic-b', 'clinic-c', 'clinic-d', 'clinic-e', 'laptop of the ward'];
  const rounds = Array.from({ length: ROUNDS }, (_, i) => {
    const { round, status, accuracy, epsilon, digest, clients } = roundRow(i + 1);
    const isAborted = status === 'aborted';
    return {
      ...{ round, status, accuracy, epsilon, digest, clients: isAborted ? 0 : Math.min(clients, 5), invited: 6 },
      reason: isAborted ? `round ${round} is aborted: 2 of 6 clients have sent "vector", 4 are needed` : null,
      lost: isAborted ? names : ['clinic-e'],
      ...{ bytesUp: isAborted ? 3000 : 2_400_000, bytesDown: 4_800_000, seconds: 12.5 },
    };
  });
  return federationReportSchema.parse({
    schema: 'biolens/federation@1',
    session: 'ef'.repeat(32),
    address: 'wss://0.0.0.0:8440',
    model: { name: '2nn', parameters: 199_210, file: 'model.safetensors' },
    planned: 50,
    members: names.map((name, i) => ({
      ...{
        name,
        state: i === 5 ? 'never' : i === 4 ? 'away' : 'here',
        summed: i === 4 ? 0 : 11,
        lost: i === 4 ? 12 : 1,
      },
      ...{ bytesUp: 5_000_000, bytesDown: 9_600_000 },
    })),
    rounds,
    now: null,
    accuracy: rounds.at(-1)!.accuracy,
    aggregation: { neighbours: 5, threshold: 3, corrupt: 0, mayDrop: 1, smallestSum: 4 },
    epsilon: rounds.at(-1)!.epsilon,
    privacy: { delta: 1e-5, noise: 1, clip: 0.5, budget: 3.5, spent: true, ledger: 'ledger.jsonl' },
    digest: 'cd'.repeat(32),
    settings: { model: '2nn', clients: 4, drop: 0.1, noise: 1 },
    ...given,
  });
}

export function federationPage(report = federationReport()): ReportPage {
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-28T10-02-11-federation-2nn', kind: 'federation' }),
    report,
    itemsDone: report.rounds.length,
    images: {},
    blurred: false,
  });
}

/** A federation in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostileFederation(): ReportPage {
  const base = federationReport();
  return federationPage(
    federationReport({
      session: HOSTILE.script,
      address: HOSTILE.markup,
      model: { ...base.model, file: HOSTILE.direction },
      members: Object.values(HOSTILE).map(name => ({ ...base.members[0]!, name })),
      rounds: base.rounds.map(round => ({ ...round, lost: Object.values(HOSTILE), reason: HOSTILE.script })),
      privacy: { ...base.privacy!, ledger: HOSTILE.markup },
      digest: HOSTILE.script,
      settings: { [HOSTILE.markup]: HOSTILE.script },
    }),
  );
}
