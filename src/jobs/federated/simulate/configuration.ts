import { z } from 'zod';
import { FEDERATED_MODELS, FEDERATED_TASKS, PARTITIONS, TEXT_MODELS } from '../../../ground/contracts/index.ts';
import { field, pathSchema, seedField } from '../../../kit/job/index.ts';
import { RULES } from '../rules/robust.ts';
import { SERVER_DEFAULTS, SERVER_OPTIMISERS } from '../rules/server-optimiser.ts';

const share = (most: number) => z.number().min(0).lt(most);

/** All that decides a simulated federation: recorded with the run, and enough to repeat it. */
export const simulationConfigurationSchema = z.strictObject({
  task: field(z.enum(FEDERATED_TASKS), {
    flag: '--task <task>',
    help: 'what is learned: mnist (digits), or the next of characters or words of a play',
  }),
  data: field(pathSchema, {
    flag: '--data <dir>',
    help: 'folder of its data: the four IDX files, or a play in .txt',
    is: 'image-folder',
  }),
  model: field(z.enum([...FEDERATED_MODELS, ...TEXT_MODELS]).optional(), {
    flag: '--model <model>',
    help: 'network: 2nn, cnn or lenet-5; char-lstm or char-lstm-small; word-lstm',
    otherwise: '2nn, char-lstm or word-lstm, by the task',
  }),
  from: field(pathSchema.optional(), {
    flag: '--from <file>',
    help: "weights to begin with: an earlier run's model.safetensors",
    is: 'weights-file',
    otherwise: 'random ones, from the seed',
  }),
  vocabulary: field(pathSchema.optional(), {
    flag: '--vocabulary <file>',
    help: 'words that are known, one a line, 10,000 at most',
    is: 'text-file',
    otherwise: 'the most frequent ones of the training texts; a run writes them beside its model',
  }),
  clients: field(z.number().int().min(1).max(10_000).default(100), { flag: '--clients <n>', help: 'clients in all' }),
  fraction: field(z.number().gt(0).max(1).default(0.1), {
    flag: '--fraction <share>',
    help: 'share of the clients that a round invites, at least one; with --noise each client by chance',
  }),
  rounds: field(z.number().int().min(1).max(100_000).default(100), { flag: '--rounds <n>', help: 'rounds' }),
  partition: field(z.enum(PARTITIONS).optional(), {
    flag: '--partition <kind>',
    help: 'iid: shuffled; shards: sorted by label and cut, so that most clients have two classes; roles: a client is a role of the play',
    otherwise: 'iid; roles for texts',
  }),
  epochs: field(z.number().int().min(1).max(1000).default(1), {
    flag: '--epochs <n>',
    help: 'passes of a client over its examples in a round',
  }),
  batchSize: field(z.number().int().min(0).max(4096).default(10), {
    flag: '--batch <n>',
    help: 'examples of a local step; 0: all of a client, which with one epoch is FedSGD',
  }),
  learningRate: field(z.number().positive().max(100).optional(), {
    flag: '--learning-rate <rate>',
    help: 'of local gradient descent',
    otherwise: 'that of the model',
  }),
  learningRateDecay: field(z.number().gt(0).max(1).default(1), {
    flag: '--learning-rate-decay <factor>',
    help: 'what it is multiplied by after each round',
  }),
  algorithm: field(z.enum(['fedavg', 'fedprox', 'scaffold']).default('fedavg'), {
    flag: '--algorithm <name>',
    help: 'local steps: fedavg, fedprox or scaffold',
  }),
  proximal: field(z.number().min(0).max(1000).default(0.1), {
    flag: '--proximal <mu>',
    help: "pull towards the server's model of fedprox",
  }),
  weighting: field(z.enum(['examples', 'equal']).optional(), {
    flag: '--weighting <kind>',
    help: 'what a client counts by: examples or equal',
    otherwise: 'examples; equal with --noise or a robust rule',
  }),
  server: field(z.enum(SERVER_OPTIMISERS).default('none'), {
    flag: '--server <name>',
    help: 'optimiser of the server: none, momentum, adagrad, adam or yogi',
  }),
  serverLearningRate: field(z.number().positive().max(100).optional(), {
    flag: '--server-learning-rate <rate>',
    help: 'its learning rate',
    otherwise: '1 for none and momentum, else 0.01',
  }),
  serverMomentum: field(share(1).default(SERVER_DEFAULTS.momentum), {
    flag: '--server-momentum <beta>',
    help: 'share of the old moment that it keeps',
  }),
  rule: field(z.enum(RULES).default('mean'), {
    flag: '--rule <name>',
    help: 'how updates become one: mean, median, trimmed-mean, krum or multi-krum',
  }),
  poisoned: field(z.number().int().min(0).max(10_000).default(0), {
    flag: '--poisoned <n>',
    help: 'clients of a round that a robust rule is to stand',
  }),
  attackers: field(z.number().int().min(0).max(10_000).default(0), {
    flag: '--attackers <n>',
    help: 'clients that send ten times the opposite of what they learned',
  }),
  secure: field(z.boolean().default(false), {
    flag: '--secure',
    help: 'the server sees sums only: secure aggregation, with every message of its protocol',
  }),
  aggregators: field(z.enum(['one', 'two']).default('one'), {
    flag: '--aggregators <n>',
    help: 'two: with --secure, two servers that are assumed not to work together',
  }),
  neighbours: field(z.number().int().min(2).max(254).optional(), {
    flag: '--neighbours <k>',
    help: 'of a client in secure aggregation',
    otherwise: 'as few as are safe but with probability 2^-40',
  }),
  drop: field(share(0.5).default(0), {
    flag: '--drop <share>',
    help: 'share of the invited clients that is lost, each at a random step of the protocol',
  }),
  corrupt: field(share(0.5).default(0.1), {
    flag: '--corrupt <share>',
    help: 'share of the invited clients that may work with the server, for secure aggregation',
  }),
  levelBits: field(z.number().int().min(2).max(24).default(16), {
    flag: '--bits <n>',
    help: 'bits that an entry of an update is rounded to',
  }),
  range: field(z.number().positive().max(1e6).optional(), {
    flag: '--range <r>',
    help: 'entries of updates are cut to -r … r',
    otherwise: '1; with --noise made from the clipping norm',
  }),
  noise: field(z.number().min(0).max(1000).default(0), {
    flag: '--noise <z>',
    help: 'privacy of clients: noise of this many clipping norms on each sum; 0: none',
  }),
  clip: field(z.number().positive().max(1e6).default(1), {
    flag: '--clip <norm>',
    help: 'length that updates are clipped to, with --noise',
  }),
  clipQuantile: field(z.number().gt(0).lt(1).optional(), {
    flag: '--clip-quantile <q>',
    help: 'adapt the length so that this share of the updates is shorter, from a noisy count',
    otherwise: 'the length is fixed',
  }),
  delta: field(z.number().gt(0).lt(1).default(1e-5), { flag: '--delta <delta>', help: 'δ at which ε is said' }),
  budget: field(z.number().positive().max(1e6).optional(), {
    flag: '--budget <epsilon>',
    help: 'end before the round that would spend more than this ε',
    otherwise: 'no limit',
  }),
  target: field(z.number().gt(0).lt(1).optional(), {
    flag: '--target <accuracy>',
    help: 'end after the round that reaches this accuracy',
    otherwise: 'all rounds',
  }),
  seed: seedField(),
  workers: field(z.number().int().min(1).max(64).optional(), {
    flag: '--workers <n>',
    help: 'clients that train at once, a thread each',
    otherwise: 'one for each core',
    changeable: true,
  }),
});
export type SimulationConfiguration = z.infer<typeof simulationConfigurationSchema>;
export type SimulationConfigurationInput = z.input<typeof simulationConfigurationSchema>;

/** The settings with what follows from others filled in. */
export interface Settled extends SimulationConfiguration {
  readonly model: NonNullable<SimulationConfiguration['model']>;
  readonly partition: NonNullable<SimulationConfiguration['partition']>;
  readonly learningRate: number;
  readonly serverLearningRate: number;
  readonly weighting: 'examples' | 'equal';
}
