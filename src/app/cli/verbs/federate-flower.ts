import { type Command, InvalidArgumentError, Option } from 'commander';
import { FEDERATED_MODELS } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { randomKey } from '../../../ground/math/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, addSeedOption, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';
import { joinCoordinator, writeClientKey } from './federate.ts';

type Model = (typeof FEDERATED_MODELS)[number];

interface JoinOptions {
  readonly flower?: string;
  readonly coordinator?: string;
  readonly roster?: string;
  readonly session?: string;
  readonly data: string;
  readonly model: Model;
  readonly part?: readonly [number, number];
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate?: number;
  readonly leastNoise?: number;
  readonly inClear?: boolean;
  readonly key?: string;
  readonly rootCertificates?: string;
  readonly insecure?: boolean;
  readonly idle?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** `2/5`: the second of five parts. */
function parsePart(text: string): readonly [number, number] {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [part, parts] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || part < 1 || part > parts)
    throw new InvalidArgumentError(`expected I/N, such as 2/5, got ${JSON.stringify(text)}`);
  return [part, parts];
}

async function join(options: JoinOptions, io: CliIo): Promise<void> {
  const { flower: address, coordinator } = options;
  if (coordinator !== undefined && address === undefined) {
    const { key, roster, data, part, seed, session, leastNoise, inClear, rootCertificates } = options;
    const given = { coordinator, key, roster, data, part, seed, session, leastNoise, inClear, rootCertificates };
    return joinCoordinator(given, io);
  }
  if (address === undefined || coordinator !== undefined)
    throw new BiolensError('usage', 'federate join: expected one of --flower and --coordinator');
  for (const [name, flag] of Object.entries({
    roster: 'roster',
    session: 'session',
    leastNoise: 'least-noise',
    inClear: 'in-clear',
  } as const))
    if (options[name as 'roster' | 'session' | 'leastNoise' | 'inClear'] !== undefined)
      throw new BiolensError('usage', `--${flag} belongs to --coordinator`);
  const flower = await import('../../../jobs/federated/flower/node.ts');
  const { MODELS } = flower;
  const { model, data, part, epochs, batch, key, insecure = false, rootCertificates, idle, seed } = options;
  const nodeKey = key === undefined ? flower.makeNodeKey() : await flower.readNodeKey(key);
  const authority = rootCertificates === undefined ? undefined : await flower.readAuthority(rootCertificates);
  const transport = flower.createFleetTransport({ address, key: nodeKey, insecure, authority });
  const summary = await work(io, async ({ signal, progress }) => {
    const { training, test } = await flower.readMnist(data);
    const [own, parts] = part ?? [1, 1];
    const shares = flower.partition(training.labels, { kind: 'iid', clients: parts, key: randomKey(seed) });
    const examples = shares[own - 1]!;
    await using pool = await flower.openTrainers({
      openRuntime: flower.openThread,
      ...{
        network: flower.digitNetwork(model),
        batch: batch === 0 ? examples.length : batch,
        workers: 1,
        proximal: 0,
        corrected: false,
      },
      ...{ training: flower.digitTraining(training), signal },
    });
    const client = flower.createTaskClient({
      ...{ pool, examples, test: flower.digitTest(test), epochs },
      learningRate: options.learningRate ?? MODELS[model].learningRate,
      key: randomKey(seed),
    });
    const counts = { node: '', trained: 0, evaluated: 0, failed: 0, bytesUp: 0, bytesDown: 0 };
    const events = flower.joinFlower({
      ...{ transport, client, registered: key !== undefined, signal },
      sleep: flower.sleepFor,
      now: () => Date.now() / 1000,
      idleMs: idle === undefined ? null : idle * 1000,
    });
    for await (const event of events) {
      switch (event.type) {
        case 'joined':
        case 'joined-again':
          counts.node = event.node;
          io.err(`node ${event.node} has joined ${printable(address)} with ${examples.length} examples\n`);
          break;
        case 'asked':
          progress.update({ stage: event.what === 'train' ? 'training' : 'evaluating', done: 0, total: 1 });
          break;
        case 'replied':
          if (event.what.startsWith('train')) counts.trained++;
          else counts.evaluated++;
          counts.bytesUp = event.bytesUp;
          counts.bytesDown = event.bytesDown;
          io.err(`${printable(event.what)}: replied after ${event.seconds.toFixed(1)} s\n`);
          break;
        case 'waiting':
          io.err(`${printable(event.why)}; asking again for 75 s\n`);
          break;
        case 'failed':
          counts.failed++;
          io.err(`${printable(event.what)}: ${printable(event.why)}\n`);
          break;
        default:
          event satisfies never;
      }
    }
    return counts;
  });
  if (options.json) return printJson(io, { schema: 'biolens/flower-node@1', ...summary });
  const { trained, evaluated, failed, bytesUp, bytesDown } = summary;
  io.out(
    `trained ${trained} times, evaluated ${evaluated} times, ${failed} messages failed; ${(bytesUp / 1e6).toFixed(1)} MB up, ${(bytesDown / 1e6).toFixed(1)} MB down\n`,
  );
}

interface AppOptions {
  readonly model: Model;
  readonly output: string;
  readonly rounds: number;
  readonly learningRate?: number;
}

async function app({ model, output, rounds, learningRate }: AppOptions, io: CliIo): Promise<void> {
  const { flowerApp, MODELS, writeApp } = await import('../../../jobs/federated/flower/node.ts');
  const files = flowerApp(model, { rounds, learningRate: learningRate ?? MODELS[model].learningRate });
  await writeApp(output, files);
  io.out(`${printable(output)}: a Flower App for ${model}; start it with flwr run ${printable(output)} FEDERATION\n`);
}

interface KeyOptions {
  readonly output: string;
  readonly name?: string;
}

async function writeKey({ output, name }: KeyOptions, io: CliIo): Promise<void> {
  if (name !== undefined) return writeClientKey(output, name, io);
  const { makeNodeKey, writeNodeKey } = await import('../../../jobs/federated/flower/node.ts');
  const key = makeNodeKey();
  await writeNodeKey(output, key);
  io.out(
    `${printable(output)} and ${printable(output)}.pub; register it with flwr supernode register ${printable(output)}.pub FEDERATION\n`,
  );
}

const modelOption = (): Option =>
  new Option('--model <model>', 'network: 2nn and cnn as in McMahan et al. (2017), or lenet-5')
    .choices([...FEDERATED_MODELS])
    .default('2nn');
const rateOption = (): Option =>
  new Option('--learning-rate <rate>', 'of local gradient descent (default: that of the model)').argParser(
    numberIn(Number.MIN_VALUE, 100),
  );

/** `biolens federate join`, `app` and `key` */
export function registerFederateFlower(program: Command, io: CliIo): void {
  const federate = groupOf(program, 'federate');
  addSeedOption(
    addExamples(
      federate
        .command('join')
        .description(
          'take part in a federation: of Flower as a node beside nodes in PyTorch, or of biolens federate serve',
        ),
      'biolens federate join --flower 127.0.0.1:8000 --insecure --data mnist --part 1/2',
      'biolens federate join --flower link.example.org:8000 --key node.pem --root-certificates ca.crt --data mnist',
      'biolens federate join --coordinator wss://example.org:8440 --key clinic-a.key.json --roster roster.json --data mnist',
    )
      .option('--flower <address>', 'HOST:PORT of the SuperLink (Flower 1.42), its Fleet API')
      .option(
        '--coordinator <address>',
        'address of biolens federate serve, such as wss://example.org:8440; it says what is trained',
      )
      .option('--roster <file>', 'with --coordinator: the clients and their keys, the same file for all')
      .option('--session <id>', 'with --coordinator: take part in this federation alone')
      .addOption(
        new Option(
          '--least-noise <z>',
          'with --coordinator: decline rounds whose noise is less than so many clipping norms (default: take any round)',
        ).argParser(numberIn(1e-3, 1000)),
      )
      .option(
        '--in-clear',
        'with --coordinator: take part in rounds of a robust rule too, whose coordinator reads this client’s updates',
      )
      .requiredOption('--data <dir>', 'folder of its own examples: the four IDX files of MNIST')
      .addOption(modelOption())
      .addOption(
        new Option('--part <i/n>', 'train on the i-th of n parts of the examples only (default: all)').argParser(
          parsePart,
        ),
      )
      .addOption(
        new Option('--epochs <n>', 'passes over its examples in a round, unless the ServerApp says "local-epochs"')
          .argParser(wholeNumber(1, 1000))
          .default(1),
      )
      .addOption(
        new Option('--batch <n>', 'examples of a local step; 0: all').argParser(wholeNumber(0, 4096)).default(10),
      )
      .addOption(rateOption())
      .option(
        '--key <file>',
        'private key, P-384 in PEM or of ssh-keygen, that the SuperLink’s owner has registered (default: a new one, which an open SuperLink takes); with --coordinator the file of federate key --name',
      )
      .option(
        '--root-certificates <file>',
        'PEM of the authority behind the server’s certificate (default: those of the system)',
      )
      .option('--insecure', 'plain HTTP: every update can be read on the way')
      .addOption(
        new Option('--idle <s>', 'leave after so long without a message (default: stay until Ctrl-C)').argParser(
          numberIn(1, 1e7),
        ),
      )
      .option('--json', 'print what was done as JSON on standard output'),
  ).action((options: JoinOptions) => join(options, io));

  addExamples(
    federate.command('app').description('write a Flower App for a model: a ServerApp, and a ClientApp in PyTorch'),
    'biolens federate app --model 2nn -o flower-app',
  )
    .addOption(modelOption())
    .requiredOption('-o, --output <dir>', 'new folder for it')
    .addOption(new Option('--rounds <n>', 'rounds of a run').argParser(wholeNumber(1, 100_000)).default(3))
    .addOption(rateOption())
    .action((options: AppOptions) => app(options, io));

  addExamples(
    federate
      .command('key')
      .description(
        'make a key: of a node for a SuperLink that authenticates its nodes, or with --name of a client of federate serve',
      ),
    'biolens federate key -o node.pem',
    'biolens federate key -o clinic-a.key.json --name clinic-a',
  )
    .requiredOption(
      '-o, --output <file>',
      'where the private key goes; that of a node has its public half beside it, with .pub',
    )
    .option('--name <name>', 'what the roster calls the client; prints its line of the roster')
    .action((options: KeyOptions) => writeKey(options, io));
}
