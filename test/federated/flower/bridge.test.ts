import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ServeOptions } from '../../../src/jobs/federated/coordinator/serve/node.ts';
import { digestOf } from '../../../src/jobs/federated/coordinator/state/node.ts';
import { type FlowerEvent, joinFlower } from '../../../src/jobs/federated/flower/join.ts';
import { FlowerLead } from '../../../src/jobs/federated/flower/lead.ts';
import { readObject } from '../../../src/jobs/federated/flower/objects.ts';
import { type FetchObject, type FlowerRecords, readRecords } from '../../../src/jobs/federated/flower/records.ts';
import { float32 } from '../../../src/kit/tensor/index.ts';
import { N, SIZE, training, useFederation } from '../federation.ts';
import { type Asked, FakeSuperLink, type Replied } from './super-link.ts';

const federation = useFederation();

const EXAMPLES = [100, 300, 200, 200, 200];
const changeOf = (client: number) => new Float32Array(SIZE).fill((client + 1) / 64);
const lossOf = (client: number) => client / 2;

const asking = (type: string, value: number, config: Record<string, number> = {}): Asked => ({
  type,
  records: {
    arrays: { arrays: { w: float32(new Float32Array(SIZE).fill(value), [SIZE]) } },
    metrics: {},
    configs: { config },
  },
});

const tasks: { readonly epochs: number; readonly learningRate: number; readonly first: number }[] = [];
const participantOf = (client: number, given: { readonly loss?: number } = {}) =>
  federation.participant(client, {
    train: async ({ training: { epochs, learningRate }, weights }) => {
      tasks.push({ epochs, learningRate, first: weights[0]! });
      return { change: changeOf(client), examples: EXAMPLES[client]!, loss: lossOf(client), ...given };
    },
  });

const makeLead = () =>
  new FlowerLead({
    ...{ epochs: 1, learningRate: 0.1, unit: 100 },
    parameters: {
      fromTensors: tensors => Float32Array.from(tensors.w!.data as Float32Array),
      toTensors: weights => ({ w: float32(weights, [SIZE]) }),
    },
    evaluate: async weights => ({ right: Math.round(weights[0]!), n: 10 }),
  });

const led = (lead: FlowerLead, given: Partial<ServeOptions> = {}): Partial<ServeOptions> => ({
  ...{ lead, rounds: 100 },
  training: { ...training, loss: true, unit: 100, quantiser: { range: 1, levelBits: 16, mostWeight: 8 } },
  ...given,
});

/** A node with this lead, until Flower has nothing more to ask. */
async function follow(link: FakeSuperLink, lead: FlowerLead): Promise<readonly FlowerEvent[]> {
  const events: FlowerEvent[] = [];
  let clock = 1000;
  for await (const event of joinFlower({
    ...{ transport: link.transport, client: lead, registered: false, signal: new AbortController().signal },
    sleep: async ms => {
      clock += ms / 1000;
      await sleep(1);
    },
    ...{ now: () => clock, idleMs: 20_000 },
  }))
    events.push(event);
  lead.end('the node has left Flower');
  return events;
}

async function contentOf({ objects, root }: Replied): Promise<FlowerRecords> {
  const fetchObject: FetchObject = async id => readObject(objects.get(id)!, { id });
  return await readRecords(await fetchObject((await fetchObject(root)).children[0]!), fetchObject);
}

test('what Flower asks one node, its clients train together; the reply is their mean, for all their examples', async () => {
  tasks.length = 0;
  const lead = makeLead();
  const coordinator = await federation.start(led(lead));
  const joined = federation.clients.map(client => federation.join(participantOf(client), coordinator.port));
  const link = new FakeSuperLink([
    asking('train', 3, { 'local-epochs': 2, lr: 0.25 }),
    asking('evaluate', 7),
    asking('train', -5),
  ]);
  const events = await follow(link, lead);
  const last = await coordinator.done;
  expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
  expect(await Promise.all(joined)).toEqual(new Array(N).fill('there are no more rounds'));
  expect(link.replies).toHaveLength(3);
  const [first, evaluated, second] = await Promise.all(link.replies.map(contentOf));
  const examples = 1000;
  const mean = EXAMPLES.reduce((sum, count, client) => sum + (count * (client + 1)) / 64 / examples, 0);
  const loss = EXAMPLES.reduce((sum, count, client) => sum + (count * lossOf(client)) / examples, 0);
  for (const [start, { arrays, metrics, configs }] of [
    [3, first!],
    [-5, second!],
  ] as const) {
    const weights = arrays.arrays!.w!.data as Float32Array;
    expect(weights).toHaveLength(SIZE);
    for (const value of weights) expect(value).toBeCloseTo(start + mean, 4);
    expect(metrics.metrics).toMatchObject({ 'num-examples': examples, train_loss: expect.closeTo(loss, 2) });
    expect(configs.biolens).toEqual({ clients: N, 'model-sha256': digestOf(weights) });
  }
  expect(last).toEqual(second!.arrays.arrays!.w!.data);
  expect(evaluated!.metrics.metrics).toEqual({ 'num-examples': 10, eval_acc: 0.7 });
  // The ServerApp's settings go before the coordinator's own.
  expect(new Set(tasks.map(task => JSON.stringify(task)))).toEqual(
    new Set([
      JSON.stringify({ epochs: 2, learningRate: 0.25, first: 3 }),
      JSON.stringify({ epochs: 1, learningRate: 0.1, first: -5 }),
    ]),
  );
  await coordinator.close();
});

test('a round that fails, or is not finite, is told to Flower with its reason, and the next one is played', async () => {
  const lead = makeLead();
  const coordinator = await federation.start(led(lead, { trainMs: 500, rounds: 2 }));
  // A loss that is none makes a client leave; too few are left.
  const loss = { value: Number.NaN };
  for (const client of federation.clients)
    void federation.join(
      federation.participant(client, {
        train: async () => ({ change: changeOf(client), examples: 100, loss: client < 2 ? loss.value : 1 }),
      }),
      coordinator.port,
    );
  const link = new FakeSuperLink([
    asking('train', Number.NaN),
    asking('train', 1),
    asking('train', 2),
    asking('train', 4),
  ]);
  const following = follow(link, lead);
  await expect.poll(() => link.replies.length, { timeout: 20_000 }).toBe(2);
  loss.value = 1;
  await coordinator.done;
  lead.end('all rounds of this coordinator are played');
  const events = await following;
  const failed = events.flatMap(event => (event.type === 'failed' ? [event.why] : []));
  expect(failed).toEqual([
    expect.stringMatching(/^the SuperLink: .*NaN/),
    expect.stringMatching(/^round 1 is aborted: 3 of 5 clients have sent "vector"/),
    'all rounds of this coordinator are played',
  ]);
  expect((await contentOf(link.replies[2]!)).metrics.metrics).toMatchObject({ 'num-examples': 500 });
  await coordinator.close();
});

test('a coordinator that is killed in a round that Flower asked for leaves it out, and plays the next under another number', async () => {
  const lead = makeLead();
  const rounds: number[] = [];
  const first = await federation.start(led(lead));
  const { port } = first;
  let kill: (() => void) | null = () => void first.close();
  for (const client of federation.clients)
    void federation.join(
      federation.participant(client, {
        train: async ({ round }) => {
          rounds.push(round);
          kill?.();
          kill = null;
          return { change: changeOf(client), examples: 100, loss: 1 };
        },
      }),
      port,
    );
  const stop = new AbortController();
  const asked = asking('train', 1).records;
  const lost = lead.train(asked, stop);
  await expect(first.done).rejects.toThrow(/interrupted/);
  stop.abort();
  await expect(lost).rejects.toThrow(/stopped/);
  const next = makeLead();
  const second = await federation.start(led(next, { port }));
  const { metrics } = await next.train(asked, new AbortController());
  expect(metrics.metrics).toMatchObject({ 'num-examples': 500 });
  expect(new Set(rounds)).toEqual(new Set([1, 2]));
  expect(federation.log).toContainEqual(expect.stringMatching(/^round 1 was broken off/));
  next.end('over');
  await second.done;
  await second.close();
});
