import { type Command, Option } from 'commander';
import { FEDERATED_MODELS } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface ServeFlags {
  readonly roster: string;
  readonly state: string;
  readonly model: (typeof FEDERATED_MODELS)[number];
  readonly rounds: number;
  readonly clients: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate?: number;
  readonly weighBy?: number;
  readonly noise?: number;
  readonly clip: number;
  readonly delta: number;
  readonly budget?: number;
  readonly drop: number;
  readonly corrupt: number;
  readonly seed: number;
  readonly data?: string;
  readonly host: string;
  readonly port: number;
  readonly cert?: string;
  readonly key?: string;
  readonly stepSeconds: number;
  readonly trainSeconds: number;
  readonly json?: boolean;
}

function addServe(group: Command, io: CliIo): void {
  const command = group
    .command('serve')
    .description(
      'coordinate a federation that learns digits: clients join by WebSocket, and the coordinator sees sums alone',
    );
  command
    .requiredOption('--roster <file>', 'the clients and their keys, the same file for all')
    .requiredOption(
      '--state <dir>',
      'folder of the federation; started again with it, the coordinator goes on in the middle of a round',
    )
    .addOption(new Option('--model <model>', 'network').choices(FEDERATED_MODELS).default('2nn'))
    .option('--rounds <n>', 'rounds in all', wholeNumber(1), 100)
    .requiredOption('--clients <n>', 'a round begins when so many are there', wholeNumber(3))
    .option('--epochs <n>', 'passes of a client over its examples in a round', wholeNumber(1), 1)
    .option('--batch <n>', 'examples of a local step; 0: all of a client', wholeNumber(0), 10)
    .option('--learning-rate <rate>', 'of local gradient descent (default: that of the model)', numberIn(1e-9, 100))
    .option(
      '--weigh-by <n>',
      'examples that count one, up to 255 times; without, all clients count alike',
      numberIn(1e-3, 1e9),
    )
    .option(
      '--noise <z>',
      'privacy of clients: they add noise of so many clipping norms to each sum (default: none)',
      numberIn(1e-3, 1000),
    )
    .option('--clip <norm>', 'length that updates are clipped to, with --noise', numberIn(1e-9, 1e6), 1)
    .option('--delta <delta>', 'δ at which ε is said', numberIn(1e-15, 0.5), 1e-5)
    .option('--budget <epsilon>', 'end before the round that would spend more than this ε', numberIn(1e-6, 1e6))
    .option('--drop <share>', 'share of a round that may be lost', numberIn(0, 0.49), 0.1)
    .option('--corrupt <share>', 'share of a round that may work with the server', numberIn(0, 0.49), 0.1)
    .option('--seed <n>', 'start of the first model', wholeNumber(0), 1)
    .option('--data <dir>', 'test the model after each round on the test images of this folder')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on', wholeNumber(0), 8440)
    .option('--cert <file>', 'certificate in PEM, for wss://')
    .option('--key <file>', 'its key in PEM')
    .option('--step-seconds <n>', 'how long answers to a step are waited for', numberIn(0.1, 604_800), 60)
    .option('--train-seconds <n>', 'how long training is waited for', numberIn(0.1, 604_800), 3600)
    .option('--json', 'print the rounds as JSON on standard output');
  addExamples(
    command,
    'biolens federate serve --roster roster.json --state federation --clients 5 --cert cert.pem --key key.pem',
  ).action(async ({ batch, weighBy, drop, json = false, ...flags }: ServeFlags) => {
    const { serveMnist } = await import('../../../jobs/federated/node.ts');
    const found = await work(io, ({ signal, progress }) =>
      serveMnist({
        ...flags,
        batchSize: batch,
        unit: weighBy,
        dropout: drop,
        log: line => progress.note(printable(line)),
        signal,
      }),
    );
    if (json) return printJson(io, { schema: 'biolens/federation@1', ...found });
    io.out(`${found.rounds.length} rounds played; model ${found.digest}, in ${flags.state}\n`);
  });
}

/** What a client of a coordinator is told on its command line. */
export interface CoordinatedJoin {
  readonly coordinator: string;
  readonly key: string | undefined;
  readonly roster: string | undefined;
  readonly data: string;
  readonly part: readonly [number, number] | undefined;
  readonly seed: number;
  readonly session: string | undefined;
  readonly leastNoise: number | undefined;
  readonly rootCertificates: string | undefined;
}

/** Takes part in a federation of our coordinator until it is over. */
export async function joinCoordinator(
  { coordinator, key, roster, data, part, seed, session, leastNoise, rootCertificates }: CoordinatedJoin,
  io: CliIo,
): Promise<void> {
  if (key === undefined || roster === undefined)
    throw new BiolensError('usage', '--coordinator: expected --key and --roster beside it');
  const { joinMnist } = await import('../../../jobs/federated/node.ts');
  const share = part === undefined ? undefined : { part: part[0] - 1, of: part[1], partition: 'iid' as const, seed };
  const reason = await work(io, ({ signal, progress }) =>
    joinMnist({
      ...{ server: coordinator, key, roster, data, share, session, leastNoise, ca: rootCertificates },
      ...{ log: line => progress.note(printable(line)), signal },
    }),
  );
  io.out(`${printable(reason)}\n`);
}

/** Makes the key of a client of our coordinator, and prints its line of the roster. */
export async function writeClientKey(file: string, name: string, io: CliIo): Promise<void> {
  const { makeKeyFile } = await import('../../../jobs/federated/node.ts');
  io.out(`${JSON.stringify(await makeKeyFile(file, name))}\n`);
}

/** Adds `biolens federate serve`. */
export function registerServe(program: Command, io: CliIo): void {
  addServe(groupOf(program, 'federate'), io);
}
