import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FederationReport, LIVE_FILE, type Metric, missingMetric } from '../../../../ground/contracts/index.ts';
import { proportionMetric, randomKey } from '../../../../ground/math/index.ts';
import type { Run } from '../../../../kit/runs/index.ts';
import { startCoordinator } from '../../coordinator/serve/node.ts';
import type { Coordinator, PlayedRound, ServeOptions } from '../../coordinator/serving.ts';
import { digestOf } from '../../coordinator/state/node.ts';
import { planCohort } from '../../secure/parameters.ts';
import { writeModel } from '../../simulate/checkpoint.ts';
import { openThread } from '../../simulate/threads/node.ts';
import { openTrainers, type TrainerPool } from '../../simulate/trainers.ts';
import { digitNetwork, digitTest, digitTraining } from '../../tasks/mnist/digit-task.ts';
import { MODELS, parametersOfModel } from '../../tasks/models.ts';
import { openBridge } from '../bridge/node.ts';
import { Events } from '../events.ts';
import { type FederationItem, federationItemSchema } from '../items.ts';
import { LiveReport } from '../live/node.ts';
import type { Prepared } from '../prepare.ts';
import { buildFederationReport, type Reported } from '../report.ts';

/** The final model, in `artifacts/`. */
const MODEL_FILE = 'model.safetensors';

/** What a coordinator says while it works. */
export type FederationStep =
  | { readonly type: 'progress'; readonly stage: string; readonly done: number; readonly total: number }
  | { readonly type: 'log'; readonly text: string }
  /** Clients can come now. */
  | { readonly type: 'listening'; readonly address: string; readonly session: string };

function openTester({ settings, mnist }: Prepared, signal: AbortSignal | undefined): Promise<TrainerPool> | null {
  if (mnist === null) return null;
  return openTrainers({
    openRuntime: openThread,
    network: digitNetwork(settings.model),
    ...{ batch: 1, workers: 1, proximal: 0, corrected: false },
    training: digitTraining(mnist.training),
    signal,
  });
}

function startOptions({ settings, roster, tls, flower }: Prepared): Omit<ServeOptions, 'state' | 'log' | 'start'> {
  const { model, epochs, batchSize, learningRate, unit, noise, clip, delta, budget, dropout, corrupt } = settings;
  const { rounds, clients, host, port, stepSeconds, trainSeconds, rule, poisoned } = settings;
  return {
    ...{ roster, rounds, clients, host, port, tls, leastClients: 3 },
    training: {
      ...{ model, epochs, batchSize },
      learningRate: learningRate ?? MODELS[model].learningRate,
      unit: unit ?? 1,
      quantiser: { range: 1, levelBits: 16, mostWeight: unit === undefined ? 1 : 255 },
      // Flower's nodes report it, and a reply without it would end the run of all.
      loss: flower !== null,
      rule: rule === 'mean' ? null : { name: rule, poisoned },
    },
    privacy: noise === undefined ? null : { noise, clip, delta, budget: budget ?? null },
    plan: n => ({
      dropout,
      corrupt,
      neighbours: rule === 'mean' ? planCohort(n, { dropout, corrupt }).neighbours : n - 1,
    }),
    stepMs: 1000 * stepSeconds,
    trainMs: 1000 * trainSeconds,
  };
}

function itemOf(
  { round, reason, members, clients, invited, seconds, epsilon, digest }: PlayedRound,
  { accuracy, nameOf }: { readonly accuracy: Metric; readonly nameOf: (client: number) => string },
): FederationItem {
  return {
    type: 'round',
    ...{ round, reason, accuracy, clients, invited, seconds, epsilon, digest },
    status: reason === null ? 'done' : 'aborted',
    lost: members.filter(({ summed }) => !summed).map(({ client }) => nameOf(client)),
    bytesUp: members.reduce((sum, { up }) => sum + up, 0),
    bytesDown: members.reduce((sum, { down }) => sum + down, 0),
    members: members.map(({ client, summed, up, down }) => ({ client, summed, bytesUp: up, bytesDown: down })),
  };
}

/** Coordinates a federation that learns digits, until its rounds are played. */
export async function* serveFederation(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<FederationStep, FederationReport> {
  const { settings, roster, mnist, tls, flower } = prepared;
  const parameters = parametersOfModel(MODELS[settings.model]);
  const rounds: FederationItem[] = [];
  for await (const item of run.items(federationItemSchema)) rounds.push(item);
  await using pool = await openTester(prepared, signal);
  const test = mnist === null ? null : digitTest(mnist.test);
  const events = new Events<FederationStep>();
  const seen = new Set<number>();
  let served: Coordinator | null = null;

  const accuracyOf = async (weights: Float32Array): Promise<Metric> => {
    if (pool === null || test === null) return missingMetric('no test images were given');
    return proportionMetric((await pool.test(weights, test, signal)).right, test.count);
  };
  const record = async (played: PlayedRound): Promise<void> => {
    const { round } = played;
    // It was told of before the coordinator was killed.
    if (rounds.some(known => known.round === round)) return;
    const accuracy = await accuracyOf(played.weights);
    const item = itemOf(played, { accuracy, nameOf: client => roster.members[client]!.name });
    await run.append(item);
    rounds.push(item);
    live.touch();
    if (accuracy.value !== null)
      events.push({
        type: 'log',
        text: `round ${round}: ${(100 * accuracy.value).toFixed(2)} % of the test images right`,
      });
    events.push({ type: 'progress', stage: 'rounds', done: round, total: settings.rounds });
  };
  const reportedOf = (coordinator: Coordinator, digest: string): Reported => ({
    ...{ settings, roster, session: coordinator.session, rounds, seen, digest, parameters: parameters.size },
    address: `${tls === null ? 'ws' : 'wss'}://${settings.host}:${coordinator.port}`,
    situation: coordinator.situation(),
  });
  const live = new LiveReport(async () => {
    if (served === null) return;
    const report = buildFederationReport(reportedOf(served, rounds.at(-1)?.digest ?? ''), null);
    await run.write(LIVE_FILE, JSON.stringify(report));
  });

  const { training, ...options } = startOptions(prepared);
  await using bridge =
    flower === null
      ? null
      : openBridge({
          ...{ link: flower, parameters, epochs: training.epochs, learningRate: training.learningRate, signal },
          unit: training.unit,
          idleMs: 1000 * settings.flowerIdle,
          log: text => events.push({ type: 'log', text }),
          evaluate:
            pool === null || test === null
              ? null
              : async weights => ({ right: (await pool.test(weights, test, signal)).right, n: test.count }),
        });
  const coordinator = await startCoordinator({
    ...options,
    training,
    lead: bridge?.lead ?? null,
    start: parameters.draw(randomKey(settings.seed)),
    state: settings.state ?? join(dirname(await run.artifactPath('federation')), 'federation'),
    log: text => events.push({ type: 'log', text }),
    onRound: record,
    onChange: () => {
      for (const client of served?.situation().here ?? []) seen.add(client);
      live.touch();
    },
    signal,
  });
  served = coordinator;
  const stop = () => void coordinator.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    live.touch();
    const { address, session } = reportedOf(coordinator, '');
    yield { type: 'listening', address, session };
    yield { type: 'progress', stage: 'rounds', done: rounds.at(-1)?.round ?? 0, total: settings.rounds };
    const finish = async () => {
      const weights = await coordinator.done;
      await bridge?.finish();
      return weights;
    };
    const done = finish().finally(() => events.end());
    done.catch(() => undefined);
    yield* events;
    const weights = await done;
    const reported = reportedOf(coordinator, digestOf(weights));
    await run.writeArtifact(MODEL_FILE, writeModel(parameters, weights));
    return buildFederationReport(reported, { file: MODEL_FILE });
  } finally {
    signal?.removeEventListener('abort', stop);
    await coordinator.close();
    await live.end();
  }
}

/** Removes what only pages that followed the run needed. */
export const tidyFederation = (run: Run): Promise<void> => rm(join(run.path, LIVE_FILE), { force: true });
