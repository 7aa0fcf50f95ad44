import type { FederateReport } from '../../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { randomKey } from '../../../ground/math/index.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import { digestFiles, type Run } from '../../../kit/runs/index.ts';
import { startMemory } from '../rules/server-optimiser.ts';
import { nodePrimitives as primitives } from '../secure/node.ts';
import { type Quantiser, sumBits } from '../secure/quantise.ts';
import type { LoadedTask } from '../tasks/task.ts';
import { type Aggregator, addInClear, addSecurely, addWithTwo, makeRoster } from './aggregate.ts';
import { checkpointName, type FederationState, readCheckpoint, writeCheckpoint, writeModel } from './checkpoint.ts';
import type { Settled, SimulationConfiguration } from './configuration.ts';
import { basename, cores, ledgerOf, readBytes, removeFile } from './files/node.ts';
import { type RoundItem, simulationItemSchema } from './items.ts';
import { loadTask, readStart } from './load/node.ts';
import { planSimulation } from './plan.ts';
import { buildSimulationReport, MODEL_FILE, WORDS_FILE } from './report.ts';
import { chooseAttackers, type Federation, isSpent, playRound } from './rounds.ts';
import { cohortParameters, dropoutOf, invitedOf, settle, weightsOf } from './settings.ts';
import { openThread } from './threads/node.ts';
import { openTrainers } from './trainers.ts';

/** What a simulation says between its beginning and its result. */
export type SimulationStep =
  | { readonly type: 'progress'; readonly stage: string; readonly done: number; readonly total: number }
  | { readonly type: 'round'; readonly text: string };

/** All that is known before the work. */
interface Prepared {
  readonly settings: Settled;
  readonly task: LoadedTask;
  /** The weights of the file that it begins with. */
  readonly start: Float32Array | null;
  readonly weights: readonly number[];
  readonly quantiser: Quantiser;
  readonly bits: number;
  readonly workers: number;
}

async function prepare(configuration: SimulationConfiguration): Promise<Prepared> {
  const settings = settle(configuration);
  const task = await loadTask(settings);
  const { from, weighting, levelBits, range = 1 } = settings;
  const start = from === undefined ? null : await readStart(from, task.network.parameters);
  const weights = weightsOf(
    task.shares.map(({ length }) => length),
    weighting,
  );
  const quantiser = { range, levelBits, mostWeight: Math.max(...weights) };
  const bits = sumBits(quantiser, invitedOf(settings));
  const workers = Math.min(settings.workers ?? cores(), Math.max(1, invitedOf(settings)));
  return { settings, task, start, weights, quantiser, bits, workers };
}

function aggregatorOf({ settings }: Prepared): Aggregator {
  const { secure, aggregators, clients, seed } = settings;
  if (!secure) return addInClear;
  const session = primitives.sha256(new TextEncoder().encode(`biolens simulation ${seed}`));
  const members = { ...makeRoster(clients, randomKey(seed)), session };
  return aggregators === 'two' ? addWithTwo(members) : addSecurely(members);
}

function startState({ settings }: Prepared, weights: Float32Array): FederationState {
  const { server, serverLearningRate, algorithm } = settings;
  const size = weights.length;
  const optimiser = {
    name: server,
    learningRate: serverLearningRate,
    momentum: 0,
    secondMomentum: 0,
    adaptivity: 1e-3,
  };
  return {
    weights,
    memory: startMemory(optimiser, size),
    variates: algorithm === 'scaffold' ? { server: new Float32Array(size), clients: new Map() } : null,
  };
}

/** Checks that the data of a resumed run are still those that it began with, and gathers its rounds. */
async function readProgress(
  run: Run,
  { settings, task }: Prepared,
  signal: AbortSignal | undefined,
): Promise<RoundItem[]> {
  const { from } = settings;
  const files = from === undefined ? task.files : [...task.files, from];
  const digest = await digestFiles(
    files.map(path => ({ path, file: basename(path) })),
    signal,
  );
  const rounds: RoundItem[] = [];
  let known: string | null = null;
  for await (const item of run.items(simulationItemSchema)) {
    if (item.type === 'data') known ??= item.digest;
    else rounds.push(item);
  }
  if (known === null) await run.append({ type: 'data', digest });
  else if (known !== digest)
    throw new BiolensError('input', `${task.files[0]}: the data have changed since the run began`);
  await run.note({ digests: { data: digest } });
  return rounds;
}

const isReached = ({ accuracy }: RoundItem, target: number | undefined): boolean =>
  target !== undefined && accuracy.value !== null && accuracy.value >= target;

function sayRound({ round, accuracy, clients, dropped, status }: RoundItem): string {
  const right = accuracy.value === null ? 'no accuracy' : `${(100 * accuracy.value).toFixed(2)} % right`;
  const who = status === 'aborted' ? 'aborted' : `${clients} clients${dropped > 0 ? `, ${dropped} lost` : ''}`;
  return `round ${round}: ${right}, ${who}`;
}

async function* work(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<SimulationStep, FederateReport> {
  const { settings, task, start, weights, quantiser, bits, workers } = prepared;
  const { network, training, test, shares } = task;
  const { batchSize, algorithm, proximal, noise, rounds, target, seed, clip: firstClip } = settings;
  const done = await readProgress(run, prepared, signal);
  const key = randomKey(seed);
  const longest = Math.max(...shares.map(({ length }) => length));
  await using pool = await openTrainers({
    openRuntime: openThread,
    network,
    batch: batchSize === 0 ? longest : Math.min(batchSize, longest),
    workers,
    proximal: algorithm === 'fedprox' ? proximal : 0,
    corrected: algorithm === 'scaffold',
    training,
    signal,
  });
  await run.note({ engine: pool.engine, device: pool.device });
  const fresh = startState(prepared, start ?? pool.parameters.draw(key));
  const last = done.at(-1);
  let state = fresh;
  if (last !== undefined) {
    const file = await run.artifactPath(checkpointName(last.round));
    state = readCheckpoint(await readBytes(file), { file, size: pool.parameters.size, like: fresh });
  }
  await using ledger = noise > 0 ? await ledgerOf(run) : null;
  const federation: Federation = {
    settings,
    key,
    pool,
    shares,
    weights,
    attackers: chooseAttackers(settings, key),
    quantiser,
    bits,
    test,
    asksThree: settings.task === 'words',
    aggregate: aggregatorOf(prepared),
    planOf: invited =>
      settings.secure && settings.aggregators === 'one'
        ? {
            dropout: dropoutOf(settings),
            corrupt: settings.corrupt,
            neighbours: cohortParameters(settings, invited).neighbours,
          }
        : null,
    ledger,
  };
  let clip = last?.nextClip ?? firstClip;
  let stoppedAt: number | null = null;
  for (let round = done.length + 1; round <= rounds; round++) {
    const before = done.at(-1);
    if (before !== undefined && isReached(before, target)) break;
    if (isSpent(federation, round, { clip, size: pool.parameters.size })) {
      stoppedAt = round;
      break;
    }
    yield { type: 'progress', stage: 'rounds', done: round - 1, total: rounds };
    throwIfAborted(signal);
    const played = await playRound(federation, { round, state, clip, signal });
    // The checkpoint first: an item says that it is there.
    await run.writeArtifact(checkpointName(round), writeCheckpoint(played.state));
    const item: RoundItem = { type: 'round', nextClip: played.clip, ...played.row };
    await run.append(item);
    if (before !== undefined) await removeFile(await run.artifactPath(checkpointName(before.round)));
    done.push(item);
    ({ state, clip } = played);
    yield { type: 'round', text: sayRound(item) };
  }
  yield { type: 'progress', stage: 'rounds', done: rounds, total: rounds };
  if (task.words !== null) await run.writeArtifact(WORDS_FILE, new TextEncoder().encode(`${task.words.join('\n')}\n`));
  await run.writeArtifact(MODEL_FILE, writeModel(pool.parameters, state.weights));
  return buildSimulationReport(prepared, { rounds: done, stoppedAt, weights: state.weights });
}

/** Reads the data of a simulation and checks its settings; see `simulationJob`. */
export async function* openSimulation(
  given: SimulationConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<SimulationStep, OpenedJob<SimulationConfiguration, SimulationStep, FederateReport>> {
  yield { type: 'progress', stage: 'reading data', done: 0, total: 1 };
  const prepared = await prepare(given);
  const { settings, task, workers } = prepared;
  const { size } = task.network.parameters;
  const isMasked = settings.secure && settings.aggregators === 'one';
  const neighbours = isMasked ? cohortParameters(settings, invitedOf(settings)).neighbours : 0;
  return {
    configuration: given,
    plan: planSimulation(settings, { task, workers, size, neighbours }),
    work: run => work(run, prepared, signal),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export type { Prepared };
