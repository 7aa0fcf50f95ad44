import { z } from 'zod';
import { FEDERATED_MODELS } from '../../../ground/contracts/index.ts';
import { field, pathSchema, seedField } from '../../../kit/job/index.ts';
import { RULES } from '../rules/robust.ts';

const WEEK_SECONDS = 604_800;
const share = z.number().min(0).max(0.49);
const seconds = z.number().min(0.1).max(WEEK_SECONDS);

/** All that decides a federation of real clients, as far as its coordinator does. */
export const federationConfigurationSchema = z.strictObject({
  roster: field(pathSchema, {
    flag: '--roster <file>',
    help: 'the clients and their keys, the same file for all',
    is: 'text-file',
  }),
  clients: field(z.number().int().min(3).max(10_000), {
    flag: '--clients <n>',
    help: 'a round begins when so many are there',
  }),
  model: field(z.enum(FEDERATED_MODELS).default('2nn'), { flag: '--model <model>', help: 'network' }),
  rounds: field(z.number().int().min(1).max(100_000).default(100), { flag: '--rounds <n>', help: 'rounds in all' }),
  data: field(pathSchema.optional(), {
    flag: '--data <dir>',
    help: 'test the model after each round on the test images of this folder',
    is: 'image-folder',
    otherwise: 'accuracy is not measured',
  }),
  state: field(pathSchema.optional(), {
    flag: '--state <dir>',
    help: 'folder of the federation; a new run with it goes on where the last one was, in the middle of a round too',
    is: 'output-folder',
    otherwise: "in the run's folder",
  }),
  epochs: field(z.number().int().min(1).max(1000).default(1), {
    flag: '--epochs <n>',
    help: 'passes of a client over its examples in a round',
  }),
  batchSize: field(z.number().int().min(0).max(4096).default(10), {
    flag: '--batch <n>',
    help: 'examples of a local step; 0: all of a client',
  }),
  learningRate: field(z.number().min(1e-9).max(100).optional(), {
    flag: '--learning-rate <rate>',
    help: 'of local gradient descent',
    otherwise: 'that of the model',
  }),
  unit: field(z.number().min(1e-3).max(1e9).optional(), {
    flag: '--weigh-by <n>',
    help: 'examples that count one, up to 255 times',
    otherwise: 'all clients count alike',
  }),
  rule: field(z.enum(RULES).default('mean'), {
    flag: '--rule <name>',
    help: 'how updates become one: mean, summed securely; median, trimmed-mean, krum or multi-krum, which the coordinator reads one by one',
  }),
  poisoned: field(z.number().int().min(0).max(10_000).default(0), {
    flag: '--poisoned <n>',
    help: 'clients of a round that a robust rule is to stand',
  }),
  noise: field(z.number().min(1e-3).max(1000).optional(), {
    flag: '--noise <z>',
    help: 'privacy of clients: they add noise of so many clipping norms to each sum',
    otherwise: 'none',
  }),
  clip: field(z.number().min(1e-9).max(1e6).default(1), {
    flag: '--clip <norm>',
    help: 'length that updates are clipped to, with --noise',
  }),
  delta: field(z.number().min(1e-15).max(0.5).default(1e-5), { flag: '--delta <delta>', help: 'δ at which ε is said' }),
  budget: field(z.number().min(1e-6).max(1e6).optional(), {
    flag: '--budget <epsilon>',
    help: 'end before the round that would spend more than this ε',
    otherwise: 'no limit',
  }),
  dropout: field(share.default(0.1), { flag: '--drop <share>', help: 'share of a round that may be lost' }),
  corrupt: field(share.default(0.1), {
    flag: '--corrupt <share>',
    help: 'share of a round that may work with the server',
  }),
  flower: field(z.string().min(3).max(300).optional(), {
    flag: '--flower <address>',
    help: 'HOST:PORT of a SuperLink (Flower 1.42): be one node of its federation for all clients, and play a round when it asks for one',
    otherwise: 'a federation by itself',
  }),
  flowerKey: field(pathSchema.optional(), {
    flag: '--flower-key <file>',
    help: 'private key that the SuperLink’s owner has registered, of federate key',
    is: 'text-file',
    otherwise: 'a new one, which an open SuperLink takes',
  }),
  flowerCertificates: field(pathSchema.optional(), {
    flag: '--flower-root-certificates <file>',
    help: 'PEM of the authority behind the SuperLink’s certificate',
    is: 'text-file',
    otherwise: 'those of the system',
  }),
  flowerInsecure: field(z.boolean().default(false), {
    flag: '--flower-insecure',
    help: 'speak plain HTTP to the SuperLink',
  }),
  flowerIdle: field(seconds.default(60), {
    flag: '--flower-idle <n>',
    help: 'after the last round, leave when the SuperLink has asked for nothing for so long, in seconds',
  }),
  host: field(z.string().min(1).max(253).default('127.0.0.1'), {
    flag: '--host <address>',
    help: 'address to listen on',
  }),
  port: field(z.number().int().min(0).max(65_535).default(8440), {
    flag: '--port <n>',
    help: 'port to listen on; 0: a free one',
  }),
  cert: field(pathSchema.optional(), {
    flag: '--cert <file>',
    help: 'certificate in PEM, for wss://',
    is: 'text-file',
    otherwise: 'the connection is not encrypted',
  }),
  key: field(pathSchema.optional(), {
    flag: '--key <file>',
    help: 'its key in PEM',
    is: 'text-file',
    otherwise: 'none',
  }),
  stepSeconds: field(seconds.default(60), {
    flag: '--step-seconds <n>',
    help: 'how long answers to a step are waited for',
  }),
  trainSeconds: field(seconds.default(3600), {
    flag: '--train-seconds <n>',
    help: 'how long training is waited for',
  }),
  seed: seedField(),
});
export type FederationConfiguration = z.infer<typeof federationConfigurationSchema>;
export type FederationConfigurationInput = z.input<typeof federationConfigurationSchema>;
