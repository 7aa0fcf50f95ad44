import { readFile } from 'node:fs/promises';
import { fileError, readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import { randomKey } from '../../../../ground/math/index.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import { planCohort } from '../../secure/parameters.ts';
import { checkRoster, type Roster } from '../../secure/record.ts';
import { openThread } from '../../simulate/threads/node.ts';
import { openTrainers } from '../../simulate/trainers.ts';
import { digitNetwork, digitTest, digitTraining } from '../../tasks/mnist/digit-task.ts';
import { readMnist } from '../../tasks/mnist/node.ts';
import { MODELS, type ModelName, parametersOfModel } from '../../tasks/models.ts';
import { toHex } from '../../wire/bytes.ts';
import { mostServerBytes, openDigitClient, type TrialShare } from '../digit-client.ts';
import { type KeyFile, parseKeyFile, parseRoster } from '../files.ts';
import { joinFederation } from '../join/node.ts';
import { type PlayedRound, startCoordinator } from '../serve/node.ts';

const MOST_FILE_BYTES = 4e6;

export async function readRosterFile(file: string): Promise<Roster> {
  const roster = parseRoster(await readJsonFile(file, { mostBytes: MOST_FILE_BYTES }), file);
  checkRoster(roster);
  return roster;
}

/** Makes a client's key file; a file that is there is not written over. @returns its line of the roster */
export async function makeKeyFile(
  file: string,
  name: string,
): Promise<{ readonly name: string; readonly key: string }> {
  const there = await readFile(file).then(
    () => true,
    () => false,
  );
  if (there) throw new BiolensError('usage', `${file}: is there already, and a key is not written over`);
  const secret = primitives.randomBytes(32);
  const key = toHex(primitives.signingKey(secret).public);
  const content: KeyFile = { schema: 'biolens/federation-key@1', name, secret: toHex(secret), public: key };
  await writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return { name, key };
}

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(error => {
    throw fileError(file, error);
  });

export interface ServeMnistOptions {
  readonly roster: string;
  readonly state: string;
  readonly model: ModelName;
  readonly rounds: number;
  /** A round begins when so many are there. */
  readonly clients: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate?: number | undefined;
  /** Examples that count one; without, all clients count alike. */
  readonly unit?: number | undefined;
  /** Noise in clipping norms; without, there is none. */
  readonly noise?: number | undefined;
  readonly clip: number;
  readonly delta: number;
  readonly budget?: number | undefined;
  readonly dropout: number;
  readonly corrupt: number;
  readonly seed: number;
  /** Folder of the test images; without, accuracy is not measured. */
  readonly data?: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly stepSeconds: number;
  readonly trainSeconds: number;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A round as the coordinator reports it. */
export interface ServedRound extends Omit<PlayedRound, 'weights'> {
  /** Share of the test images that are right; null where it is not measured. */
  readonly accuracy: number | null;
}

/** Coordinates a federation that learns digits, until its rounds are played. */
export async function serveMnist(
  options: ServeMnistOptions,
): Promise<{ readonly rounds: readonly ServedRound[]; readonly digest: string }> {
  const { model, clients, epochs, batchSize, unit, dropout, corrupt, seed, data, cert, key, log, signal } = options;
  const { noise, clip, delta, budget } = options;
  const roster = await readRosterFile(options.roster);
  if ((cert === undefined) !== (key === undefined)) throw new BiolensError('usage', '--cert and --key belong together');
  if (clients > roster.members.length)
    throw new BiolensError('usage', `--clients ${clients}: the roster has ${roster.members.length}`);
  // Found out before anybody waits for it.
  planCohort(clients, { dropout, corrupt });
  const parameters = parametersOfModel(MODELS[model]);
  const mnist = data === undefined ? null : await readMnist(data);
  if (noise === undefined && budget !== undefined)
    throw new BiolensError('usage', '--budget: nothing bounds ε without noise; add --noise');
  if (noise !== undefined && unit !== undefined)
    throw new BiolensError('usage', '--weigh-by: with noise all clients count alike');
  const training = {
    model,
    epochs,
    batchSize,
    learningRate: options.learningRate ?? MODELS[model].learningRate,
    unit: unit ?? 1,
    quantiser: { range: 1, levelBits: 16, mostWeight: unit === undefined ? 1 : 255 },
  };
  await using pool =
    mnist === null
      ? null
      : await openTrainers({
          openRuntime: openThread,
          network: digitNetwork(model),
          batch: 1,
          workers: 1,
          proximal: 0,
          corrected: false,
          training: digitTraining(mnist.training),
          signal,
        });
  const rounds: ServedRound[] = [];
  const coordinator = await startCoordinator({
    roster,
    state: options.state,
    start: parameters.draw(randomKey(seed)),
    rounds: options.rounds,
    training,
    privacy: noise === undefined ? null : { noise, clip, delta, budget: budget ?? null },
    plan: n => ({ dropout, corrupt, neighbours: planCohort(n, { dropout, corrupt }).neighbours }),
    clients,
    leastClients: 3,
    host: options.host,
    port: options.port,
    tls: cert === undefined || key === undefined ? null : { cert: await textOf(cert), key: await textOf(key) },
    stepMs: 1000 * options.stepSeconds,
    trainMs: 1000 * options.trainSeconds,
    log,
    signal,
    onRound: async ({ weights, ...round }) => {
      const accuracy =
        pool === null || mnist === null
          ? null
          : (await pool.test(weights, digitTest(mnist.test), signal)).right / mnist.test.labels.length;
      if (accuracy !== null) log(`round ${round.round}: ${(100 * accuracy).toFixed(2)} % of the test images right`);
      rounds.push({ ...round, accuracy });
    },
  });
  log(
    `listening on ${cert === undefined ? 'ws' : 'wss'}://${options.host}:${coordinator.port}, federation ${coordinator.session}`,
  );
  const stop = () => void coordinator.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const weights = await coordinator.done;
    return {
      rounds,
      digest: toHex(primitives.sha256(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength))),
    };
  } finally {
    signal?.removeEventListener('abort', stop);
    await coordinator.close();
  }
}

export interface JoinMnistOptions {
  readonly server: string;
  readonly key: string;
  readonly roster: string;
  readonly data: string;
  /** Trains on one of so many equal parts of the data: for a trial on one machine. */
  readonly share?: TrialShare | undefined;
  readonly session?: string | undefined;
  /** Rounds with less noise are declined. */
  readonly leastNoise?: number | undefined;
  readonly ca?: string | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Takes part in a federation that learns digits, with the digits of a folder, which stay there. */
export async function joinMnist(options: JoinMnistOptions): Promise<string> {
  const { server, data, share, session, leastNoise, ca, log, signal } = options;
  const roster = await readRosterFile(options.roster);
  const own = parseKeyFile(await readJsonFile(options.key, { mostBytes: MOST_FILE_BYTES }), options.key);
  const { training: digits } = await readMnist(data);
  const files = { key: options.key, roster: options.roster };
  await using client = openDigitClient({
    ...{ own, roster, files, digits, share, session, leastNoise, primitives, log, signal },
    openRuntime: openThread,
  });
  return await joinFederation({
    server,
    participant: client.participant,
    mostBytes: mostServerBytes(),
    ca: ca === undefined ? undefined : await textOf(ca),
    log,
    signal,
  });
}
