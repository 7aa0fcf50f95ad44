import { type FederatedRound, type Metric, missingMetric } from '../../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { foldIn, openStream, proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import { leastEpsilon, nextClippingBound, privacyEvent, spentOf, wouldExceed } from '../../../kit/privacy/index.ts';
import { checkFiniteUpdate } from '../rules/check-update.ts';
import { combineUpdates } from '../rules/robust.ts';
import { correctionOf, nextServerVariate, nextVariate } from '../rules/scaffold.ts';
import { SERVER_DEFAULTS, type ServerOptimiser, serverStep } from '../rules/server-optimiser.ts';
import { nodePrimitives as primitives } from '../secure/node.ts';
import type { CohortPlan } from '../secure/parameters.ts';
import { decodeSum, type Quantiser } from '../secure/quantise.ts';
import type { TestData } from '../tasks/task.ts';
import { toHex } from '../wire/bytes.ts';
import type { Aggregated, Aggregator } from './aggregate.ts';
import type { FederationState } from './checkpoint.ts';
import { type Cohort, chooseCohort, hasSent, keyOfRound } from './cohort.ts';
import type { Settled } from './configuration.ts';
import { type Encoding, plainEncoding } from './contribution.ts';
import type { PrivacyLedger } from './files/node.ts';
import { type PrivateRound, planPrivateRound } from './private-round.ts';
import { FEWEST } from './settings.ts';
import type { LocalResult, TrainerPool } from './trainers.ts';

/** A federation that is ready for rounds. */
export interface Federation {
  readonly settings: Settled;
  readonly key: RandomKey;
  readonly pool: TrainerPool;
  /** Positions of each client's examples. */
  readonly shares: readonly Int32Array[];
  /** What each client counts by. */
  readonly weights: readonly number[];
  readonly attackers: ReadonlySet<number>;
  readonly quantiser: Quantiser;
  readonly bits: number;
  readonly test: TestData;
  /** Whether three answers are reported beside the first one. */
  readonly asksThree: boolean;
  readonly aggregate: Aggregator;
  readonly planOf: (invited: number) => CohortPlan | null;
  readonly ledger: PrivacyLedger | null;
}

/** A round that is over. */
export interface PlayedRound {
  readonly row: FederatedRound;
  readonly state: FederationState;
  readonly clip: number;
}

/** The weights as one digest: SHA-256 of their float32, little-endian. */
export const digestOf = (weights: Float32Array): Uint8Array =>
  primitives.sha256(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));

interface Trained extends LocalResult {
  readonly client: number;
  readonly correction: Float32Array | null;
}

const ATTACK = -10;

/** Trains the clients whose vectors will come, as many at once as there are trainers. */
async function trainAll(
  federation: Federation,
  {
    round,
    state,
    cohort,
    signal,
  }: {
    readonly round: number;
    readonly state: FederationState;
    readonly cohort: Cohort;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly trained: readonly Trained[]; readonly faults: readonly string[] }> {
  const { settings, pool, shares, key, attackers } = federation;
  const { epochs, learningRate, learningRateDecay } = settings;
  const faults: string[] = [];
  const trainOne = async (client: number): Promise<Trained | null> => {
    const { variates } = state;
    const correction = variates === null ? null : correctionOf(variates.server, variates.clients.get(client) ?? null);
    try {
      const task = {
        examples: shares[client]!,
        weights: state.weights,
        epochs,
        learningRate: learningRate * learningRateDecay ** (round - 1),
        key: foldIn(foldIn(keyOfRound(key, round), 'client'), client),
        correction,
      };
      const result = await pool.train(task, signal);
      checkFiniteUpdate(result.change, `client ${client}`);
      const change = attackers.has(client) ? result.change.map(value => ATTACK * value) : result.change;
      return { ...result, change, client, correction };
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code !== 'input') throw error;
      faults.push(`client ${client} sends nothing: ${messageOf(error)}`);
      return null;
    }
  };
  const sending = cohort.invited.filter(client => hasSent(cohort.lost.get(client) ?? null));
  // In order whoever is done first: sums of doubles depend on it.
  const results = await Promise.all(sending.map(trainOne));
  return { trained: results.filter(result => result !== null), faults };
}

function serverOf({ server, serverLearningRate, serverMomentum }: Settled): ServerOptimiser {
  return { ...SERVER_DEFAULTS, name: server, learningRate: serverLearningRate, momentum: serverMomentum };
}

function nextVariates({
  state,
  clients,
  settings,
  round,
}: {
  readonly state: FederationState;
  readonly clients: readonly Trained[];
  readonly settings: Settled;
  readonly round: number;
}): FederationState['variates'] {
  const { variates } = state;
  if (variates === null) return null;
  const rate = settings.learningRate * settings.learningRateDecay ** (round - 1);
  const pairs = clients.map(({ client, correction, change, steps }) => ({
    client,
    before: variates.clients.get(client) ?? null,
    after: nextVariate(correction!, { change, steps, learningRate: rate }),
  }));
  return {
    server: nextServerVariate(variates.server, pairs, settings.clients),
    clients: new Map([...variates.clients, ...pairs.map(({ client, after }) => [client, after] as const)]),
  };
}

/** The change that a round makes of vectors that the server sees one by one. */
function combineSeen(
  { settings, quantiser }: Federation,
  vectors: ReadonlyMap<number, Uint32Array>,
  encoding: Encoding,
): Float64Array {
  const updates = [...vectors.values()].map(vector =>
    Float32Array.from(decodeSum(vector, { quantiser, bits: encoding.bits, clients: 1 }).total),
  );
  return combineUpdates(updates, settings);
}

async function testModel(
  { pool, test, asksThree }: Federation,
  weights: Float32Array,
  signal?: AbortSignal,
): Promise<Pick<FederatedRound, 'accuracy' | 'topThree'>> {
  if (!weights.every(Number.isFinite)) {
    const missing: Metric = missingMetric('the model has weights that are no finite numbers');
    return { accuracy: missing, topThree: asksThree ? missing : null };
  }
  const { right, amongThree } = await pool.test(weights, test, signal);
  return {
    accuracy: proportionMetric(right, test.count),
    topThree: amongThree === null || !asksThree ? null : proportionMetric(amongThree, test.count),
  };
}

/** ε by now; null where nothing bounds it. */
function epsilonOf({ ledger, settings }: Federation): number | null {
  if (ledger === null) return null;
  const epsilon = leastEpsilon(spentOf(ledger.events, { delta: settings.delta }));
  return Number.isFinite(epsilon) ? epsilon : null;
}

/** Writes down what a round is about to release; one that was broken off after that has it already. */
async function enter(
  { ledger }: Federation,
  planned: PrivateRound | null,
  survivors: number,
  round: number,
): Promise<void> {
  if (ledger === null || planned === null) return;
  const known = new Set(ledger.events.filter(event => event.round === round).map(({ purpose }) => purpose));
  for (const event of planned.events(survivors)) if (!known.has(event.purpose)) await ledger.append(event);
}

/** Whether the budget of privacy ends before a round. */
export function isSpent(
  { ledger, settings, key }: Federation,
  round: number,
  { clip, size }: { readonly clip: number; readonly size: number },
): boolean {
  if (ledger === null || settings.budget === undefined) return false;
  if (ledger.events.some(event => event.round === round)) return false;
  const { invited } = chooseCohort(settings, keyOfRound(key, round));
  if (invited.length < FEWEST) return false;
  const planned = planPrivateRound(settings, {
    invited: invited.length,
    clip,
    size,
    round,
    key: keyOfRound(key, round),
  });
  const events = planned.events(planned.fewest).map(privacyEvent);
  return wouldExceed(ledger.events, events, { epsilon: settings.budget, delta: settings.delta });
}

/** What an aborted round leaves: the model as it was. */
const NOTHING = { clients: [], bytesUp: 0, bytesDown: 0 } as const;

/** Plays a round: who is invited, local training, the sum, the server's step, the test. */
export async function playRound(
  federation: Federation,
  {
    round,
    state,
    clip,
    signal,
  }: {
    readonly round: number;
    readonly state: FederationState;
    readonly clip: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<PlayedRound> {
  const { settings, key, weights, quantiser, bits } = federation;
  const size = state.weights.length;
  const roundKey = keyOfRound(key, round);
  const cohort = chooseCohort(settings, roundKey);
  const started = performance.now();
  const { trained, faults } = await trainAll(federation, { round, state, cohort, signal });
  const training = performance.now();
  const isPrivate = federation.ledger !== null;
  const planned =
    isPrivate && cohort.invited.length >= FEWEST
      ? planPrivateRound(settings, { invited: cohort.invited.length, clip, size, round, key: roundKey })
      : null;
  const encoding = planned?.encoding ?? plainEncoding(quantiser, { bits, size });
  const notes = [...faults];
  const vectors = new Map<number, Uint32Array>();
  let cut = 0;
  for (const { client, change } of trained) {
    const clientKey = foldIn(foldIn(roundKey, 'client'), client);
    const encoded = encoding.encode(change, { weight: weights[client]!, key: clientKey });
    cut += encoded.cut;
    vectors.set(client, encoded.entries);
  }
  const fewest = isPrivate ? (planned?.fewest ?? FEWEST) : 1;
  let added: Aggregated | null = null;
  try {
    if (vectors.size < fewest)
      throw new BiolensError(
        'external',
        `round ${round} is aborted: ${vectors.size} vectors have come, ${fewest} are needed`,
      );
    const model = digestOf(state.weights);
    const plan = federation.planOf(cohort.invited.length);
    added = await federation.aggregate({ round, cohort, encoding, vectors, model, plan, signal });
    notes.push(...added.faults);
    await enter(federation, planned, added.clients.length, round);
  } catch (error) {
    if (!(error instanceof BiolensError) || (error.code !== 'external' && error.code !== 'input')) throw error;
    notes.push(messageOf(error));
    added = null;
  }
  let next = state;
  let clipNow = clip;
  if (added !== null) {
    const { change, short } =
      settings.rule === 'mean'
        ? encoding.decode(added.sum, added.clients.length)
        : { change: combineSeen(federation, vectors, encoding), short: null };
    const stepped = serverStep(serverOf(settings), { weights: state.weights, change, memory: state.memory });
    const clients = trained.filter(({ client }) => added!.clients.includes(client));
    next = { ...stepped, variates: nextVariates({ state, clients, settings, round }) };
    if (short !== null && settings.clipQuantile !== undefined)
      clipNow = nextClippingBound(
        clip,
        // Each update counts ±1 where their votes are ±½.
        { noisyVotes: short / 2, members: settings.fraction * settings.clients },
        { quantile: settings.clipQuantile },
      );
  }
  const protocol = performance.now();
  const tests = await testModel(federation, next.weights, signal);
  const tested = performance.now();
  const { clients, bytesUp, bytesDown } = added ?? NOTHING;
  // Each invited client is sent the model, and with SCAFFOLD the server's variate, which comes back as a change of its own.
  const vectorsEach = state.variates === null ? 1 : 2;
  const row: FederatedRound = {
    round,
    status: added === null ? 'aborted' : 'done',
    ...tests,
    loss: trained.length === 0 ? null : trained.reduce((sum, { loss }) => sum + loss, 0) / trained.length,
    clients: clients.length,
    dropped: cohort.invited.length - clients.length,
    bytesUp: bytesUp + (vectorsEach - 1) * clients.length * 4 * size,
    bytesDown: bytesDown + cohort.invited.length * vectorsEach * 4 * size,
    cut: trained.length === 0 ? 0 : cut / (trained.length * size),
    clip: isPrivate ? clip : null,
    epsilon: epsilonOf(federation),
    digest: toHex(digestOf(next.weights)),
    seconds: {
      training: (training - started) / 1000,
      protocol: (protocol - training) / 1000,
      testing: (tested - protocol) / 1000,
    },
    faults: notes,
  };
  return { row, state: next, clip: clipNow };
}

/** Clients that attack, from the seed. */
export function chooseAttackers({ clients, attackers }: Settled, key: RandomKey): Set<number> {
  return new Set(openStream(foldIn(key, 'attackers')).sampleWithoutReplacement(clients, attackers));
}
