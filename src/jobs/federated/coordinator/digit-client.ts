import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey, randomKey } from '../../../ground/math/index.ts';
import type { Primitives } from '../secure/primitives.ts';
import type { Roster } from '../secure/record.ts';
import { keyOfRound } from '../simulate/cohort.ts';
import { type OpenTrainerRuntime, openTrainers, type TrainerPool } from '../simulate/trainers.ts';
import { digitNetwork, digitTraining } from '../tasks/mnist/digit-task.ts';
import type { Digits } from '../tasks/mnist/idx.ts';
import { MODELS, type ModelName, parametersOfModel } from '../tasks/models.ts';
import { partition } from '../tasks/partition.ts';
import { fromHex, toHex } from '../wire/bytes.ts';
import type { KeyFile } from './files.ts';
import type { Training } from './messages.ts';
import { Participant } from './participant.ts';

/** One of equal parts of the data, as a simulation divides them: for a trial on one machine. */
export interface TrialShare {
  readonly part: number;
  readonly of: number;
  readonly partition: 'iid' | 'shards';
  readonly seed: number;
}

export interface DigitClientOptions {
  readonly own: KeyFile;
  readonly roster: Roster;
  /** Names of both files, for messages. */
  readonly files: { readonly key: string; readonly roster: string };
  readonly digits: Digits;
  readonly share?: TrialShare | undefined;
  /** The federation that it takes part in, in hexadecimal. */
  readonly session?: string | undefined;
  /** Rounds with less noise are declined. */
  readonly leastNoise?: number | undefined;
  /** Takes part in rounds that hide nothing from the coordinator, too. */
  readonly inClear?: boolean | undefined;
  readonly primitives: Primitives;
  readonly openRuntime: OpenTrainerRuntime;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface DigitClient extends AsyncDisposable {
  readonly participant: Participant;
  readonly name: string;
  /** Images that it trains on. */
  readonly images: number;
}

/** Largest message that a coordinator sends a client. */
export const mostServerBytes = (): number =>
  4 * Math.max(...Object.values(MODELS).map(model => parametersOfModel(model).size)) + 4e6;

function modelOf(name: string): ModelName {
  if (!Object.hasOwn(MODELS, name))
    throw new BiolensError('input', `the round’s model "${name.slice(0, 40)}" is not known here`);
  return name as ModelName;
}

/** Rounding that is repeated with its seed. */
function seededWords(key: RandomKey): (into: Uint32Array) => void {
  const stream = openStream(foldIn(key, 'rounding'));
  return into => {
    for (let i = 0; i < into.length; i++) into[i] = stream.uint32();
  };
}

/**
 * A client that learns digits: they stay with it, and what it answers is what a {@link Participant} does.
 *
 * @throws {BiolensError} `input` where its key is not in the roster
 */
export function openDigitClient(options: DigitClientOptions): DigitClient {
  const { own, roster, files, digits, share, session, leastNoise, primitives, openRuntime, log, signal } = options;
  const { inClear = false } = options;
  const client = roster.members.findIndex(({ key }) => toHex(key) === own.public);
  if (client < 0) throw new BiolensError('input', `${files.roster}: the key of ${files.key} is not in it`);
  const seedKey = share === undefined ? null : randomKey(share.seed);
  const examples =
    share === undefined
      ? Int32Array.from(digits.labels, (_, i) => i)
      : partition(digits.labels, { kind: share.partition, clients: share.of, key: seedKey! })[share.part]!;
  const clientKey = (round: number) =>
    seedKey === null
      ? randomKey(new DataView(primitives.randomBytes(8).slice().buffer).getUint32(0))
      : foldIn(foldIn(keyOfRound(seedKey, round), 'client'), share!.part);
  // Local settings that a coordinator asks for: a step of them is loaded once and used for all rounds.
  const pools = new Map<string, Promise<TrainerPool>>();
  const poolOf = ({ model, batchSize }: Training) => {
    const batch = batchSize === 0 ? examples.length : Math.min(batchSize, examples.length);
    const name = `${model} ${batch}`;
    const found =
      pools.get(name) ??
      openTrainers({
        openRuntime,
        network: digitNetwork(modelOf(model)),
        batch,
        workers: 1,
        proximal: 0,
        corrected: false,
        training: digitTraining(digits),
        signal,
      });
    pools.set(name, found);
    return found;
  };
  const participant = new Participant({
    client,
    secret: fromHex(own.secret),
    roster,
    primitives,
    log,
    inClear,
    ...(leastNoise === undefined ? {} : { leastNoise }),
    ...(session === undefined ? {} : { session: fromHex(session, '--session') }),
    // A trial is repeated with its seed; a real client rounds by the system's bits.
    ...(seedKey === null ? {} : { words: (round: number) => seededWords(clientKey(round)) }),
    train: async ({ round, weights, training }) => {
      log(`round ${round}: training on ${examples.length} images`);
      const pool = await poolOf(training);
      const task = {
        examples,
        weights,
        epochs: training.epochs,
        learningRate: training.learningRate,
        key: clientKey(round),
        correction: null,
      };
      const { change, loss } = await pool.train(task, signal);
      return { change, loss, examples: examples.length };
    },
  });
  return {
    participant,
    name: roster.members[client]!.name,
    images: examples.length,
    [Symbol.asyncDispose]: async () => {
      for (const pool of pools.values())
        await pool.then(
          opened => opened[Symbol.asyncDispose](),
          () => undefined,
        );
    },
  };
}
