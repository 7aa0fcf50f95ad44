import {
  type FederatedRound,
  type FederateReport,
  federateReportSchema,
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
