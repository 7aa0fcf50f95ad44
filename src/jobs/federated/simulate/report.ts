import { type FederateReport, missingMetric } from '../../../ground/contracts/index.ts';
import { thresholdOf } from '../secure/parameters.ts';
import { toHex } from '../wire/bytes.ts';
import type { Settled } from './configuration.ts';
import { LEDGER_FILE } from './files/node.ts';
import type { RoundItem } from './items.ts';
import { digestOf } from './rounds.ts';
import { cohortParameters, invitedOf } from './settings.ts';

/** The final model, in `artifacts/`. */
export const MODEL_FILE = 'model.safetensors';
/** The words that it knows, in its order, where it says words. */
export const WORDS_FILE = 'vocabulary.txt';

/** What a report tells of the preparation. */
export interface Reported {
  readonly settings: Settled;
  readonly task: {
    readonly training: { readonly count: number };
    readonly test: { readonly count: number };
    readonly shares: readonly Int32Array[];
  };
  readonly bits: number;
}

function aggregationOf({ settings, bits }: Reported): FederateReport['aggregation'] {
  const { secure, aggregators } = settings;
  if (!secure) return { mode: 'plain', bits, cohort: null };
  if (aggregators === 'two') return { mode: 'two-aggregators', bits, cohort: null };
  const found = cohortParameters(settings, invitedOf(settings));
  const { neighbours, mayDrop, smallestSum, n } = found;
  const threshold = thresholdOf(neighbours, found);
  return {
    mode: 'secure',
    bits,
    cohort: { neighbours, threshold, corrupt: Math.floor(settings.corrupt * n), mayDrop, smallestSum },
  };
}

function privacyOf({ settings }: Reported, stoppedAt: number | null): FederateReport['privacy'] {
  const { noise, delta, budget = null } = settings;
  if (noise === 0) return null;
  return { delta, noiseMultiplier: noise, stoppedAt, budget, unit: 'client', ledger: LEDGER_FILE };
}

/** The result of a simulation. */
export function buildSimulationReport(
  reported: Reported,
  {
    rounds,
    stoppedAt,
    weights,
  }: {
    readonly rounds: readonly RoundItem[];
    readonly stoppedAt: number | null;
    readonly weights: Float32Array;
  },
): FederateReport {
  const { settings } = reported;
  const { training, test, shares } = reported.task;
  const { task, data, model, clients, partition, target, noise, fraction } = settings;
  const sizes = shares.map(({ length }) => length);
  const reached = rounds.find(({ accuracy }) => target !== undefined && (accuracy.value ?? 0) >= target);
  return {
    schema: 'biolens/federate@1',
    task,
    data: { source: data, training: training.count, test: test.count },
    model: { name: model, parameters: weights.length, file: MODEL_FILE },
    clients: {
      total: clients,
      each: noise > 0 ? fraction * clients : invitedOf(settings),
      examples: { least: Math.min(...sizes), most: Math.max(...sizes) },
      partition,
    },
    aggregation: aggregationOf(reported),
    rounds: rounds.map(({ type: _, nextClip: __, ...row }) => row),
    accuracy: rounds.at(-1)?.accuracy ?? missingMetric('no round was played'),
    topThree: rounds.at(-1)?.topThree ?? null,
    reached: target === undefined ? null : { target, round: reached?.round ?? null },
    epsilon: rounds.at(-1)?.epsilon ?? null,
    privacy: privacyOf(reported, stoppedAt),
    digest: toHex(digestOf(weights)),
    settings: Object.fromEntries(
      Object.entries(settings).filter(
        ([name, value]) => value !== undefined && !['data', 'from', 'vocabulary', 'workers'].includes(name),
      ),
    ) as FederateReport['settings'],
  };
}
