import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BiolensError } from '../../../src/ground/errors.ts';
import { Fleet } from '../../../src/jobs/federated/flower/fleet.ts';
import { type FlowerClient, type FlowerEvent, joinFlower } from '../../../src/jobs/federated/flower/join.ts';
import { createFleetTransport, makeNodeKey, readNodeKey } from '../../../src/jobs/federated/flower/node.ts';
import { makeObject, objectId, readObject } from '../../../src/jobs/federated/flower/objects.ts';
import {
  type FetchObject,
  type FlowerRecords,
  readRecords,
  recordsObject,
} from '../../../src/jobs/federated/flower/records.ts';
import { float32 } from '../../../src/kit/tensor/index.ts';
import { type Asked, FakeSuperLink } from './super-link.ts';

const haveSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

// Made by flwr 1.42.0: see make_message.py beside it.
const { root, objects } = z
  .object({ root: z.string(), objects: z.record(z.string(), z.base64()) })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/message.json'), 'utf8')));
const bytesOf = (id: string): Uint8Array => new Uint8Array(Buffer.from(objects[id]!, 'base64'));
const fromFixture: FetchObject = async id => readObject(bytesOf(id), { id });

const fetcherOf =
  (object: ReturnType<typeof makeObject>): FetchObject =>
  async id => {
    const find = (one: typeof object): typeof object | undefined =>
      one.id === id ? one : one.children.map(find).find(found => found !== undefined);
    return readObject(find(object)!.content, { id });
  };

describe('objects of Flower', () => {
  test('of a message that flwr made are read', async () => {
    const message = await fromFixture(root);
    expect(message.type).toBe('Message');
    const { arrays, metrics, configs } = await readRecords(await fromFixture(message.children[0]!), fromFixture);
    expect(Object.keys(arrays.arrays!)).toEqual(['w', 'b', 'zeros']);
    expect(arrays.arrays!.w).toEqual(float32(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3]));
    expect(arrays.arrays!.b).toEqual(float32(Float32Array.of(0.5, -1.25), [2]));
    expect(metrics.metrics).toEqual({ 'num-examples': 7, loss: 0.25, list: [1.5, 2], counts: [1, -2] });
    expect(configs.config).toEqual({ lr: 0.1, 'server-round': 3, name: 'ä', flag: true, raw: Uint8Array.of(0, 1) });
  });

  test('that we make are, byte by byte, those of flwr where both write the same array', () => {
    const mine = recordsObject({
      arrays: { arrays: { w: float32(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3]) } },
      metrics: {},
      configs: {},
    });
    const chunk = mine.children[0]!.children[0]!.children[0]!;
    expect(chunk.type).toBe('ArrayChunk');
    expect(Object.keys(objects)).toContain(chunk.id);
  });

  test('come back, in pieces of 5 MiB, equal pieces once', async () => {
    const big = new Float32Array(3_000_000);
    const records: FlowerRecords = {
      arrays: { arrays: { big: float32(big, [3_000_000]), __proto__x: float32(Float32Array.of(1), [1]) } },
      metrics: { metrics: { 'num-examples': 5, loss: 3 } },
      configs: { config: { name: 'x', lr: 0.5, on: false } },
    };
    const object = recordsObject(records);
    const array = object.children[0]!.children.find(({ children }) => children.length > 1)!;
    expect(array.children).toHaveLength(3);
    expect(await readRecords(await fetcherOf(object)(object.id), fetcherOf(object))).toEqual(records);
  });

  test('with another digest, kind, length or shape are refused', async () => {
    const [id] = Object.keys(objects);
    const content = bytesOf(id!);
    const changed = content.slice();
    changed[changed.length - 1]! ^= 1;
    expect(() => readObject(changed, { id: id! })).toThrow(/has another digest/);
    expect(() => readObject(content, { id: '../x' })).toThrow(/no SHA-256/);
    const odd = (text: string) => () => {
      const bytes = new TextEncoder().encode(text);
      return readObject(bytes, { id: objectId(bytes) });
    };
    expect(odd('Exploit  3\0abc')).toThrow(/no known kind/);
    expect(odd('Array  4\0abc')).toThrow(/has 3 bytes, it says 4/);
    expect(odd('Array xyz 3\0abc')).toThrow(/names its children wrongly/);
    expect(odd('Array')).toThrow(/has no head/);
    const body = JSON.stringify({ dtype: 'float32', shape: [2], stype: 'pickle', arraychunk_ids: [] });
    const pickled = makeObject('Array', [], new TextEncoder().encode(body));
    const names = (key: string) => new TextEncoder().encode(JSON.stringify({ [key]: pickled.id }));
    const record = makeObject('ArrayRecord', [pickled], names('w'));
    const dict = makeObject('RecordDict', [record], new TextEncoder().encode(JSON.stringify({ a: record.id })));
    await expect(readRecords(readObject(dict.content, dict), fetcherOf(dict))).rejects.toThrow(/written as "pickle"/);
  });
});

const weights = (value: number): FlowerRecords => ({
  arrays: { arrays: { w: float32(Float32Array.of(value, value), [2]) } },
  metrics: {},
  configs: { config: { 'server-round': 1 } },
});

/** Adds one to every weight. */
const adder: FlowerClient = {
  train: async ({ arrays }) => ({
    arrays: {
      arrays: {
        w: float32(
          (arrays.arrays!.w!.data as Float32Array).map(one => one + 1),
          [2],
        ),
      },
    },
    metrics: { metrics: { 'num-examples': 4, train_loss: 1 } },
    configs: {},
  }),
  evaluate: async () => ({ arrays: {}, metrics: { metrics: { 'num-examples': 4, eval_acc: 0.5 } }, configs: {} }),
};

async function play(asked: readonly Asked[], change: (link: FakeSuperLink) => void = () => undefined, client = adder) {
  const link = new FakeSuperLink(asked);
  change(link);
  const events: FlowerEvent[] = [];
  let clock = 1000;
  const sleep = async (ms: number): Promise<void> => {
    clock += ms / 1000;
    await new Promise(resolve => setImmediate(resolve));
  };
  const controller = new AbortController();
  for await (const event of joinFlower({
    ...{ transport: link.transport, client, registered: false, signal: controller.signal, sleep },
    ...{ now: () => clock, idleMs: 40_000 },
  }))
    events.push(event);
  return { link, events };
}

describe('a node in a federation', () => {
  test('trains, evaluates, replies to what it was asked, and leaves last of all', async () => {
    const { link, events } = await play([
      { type: 'train', records: weights(3) },
      { type: 'evaluate', records: weights(4) },
    ]);
    expect(events.map(({ type }) => type)).toEqual(['joined', 'asked', 'replied', 'asked', 'replied']);
    expect(link.replies).toHaveLength(2);
    const [reply] = link.replies;
    expect(reply!.message.metadata).toMatchObject({
      ...{
        runId: 9n,
        srcNodeId: 77n,
        dstNodeId: 1n,
        replyToMessageId: 'message-1',
        messageType: 'train',
        groupId: '3',
      },
      messageId: reply!.root,
    });
    const fetchObject: FetchObject = async id => readObject(reply!.objects.get(id)!, { id });
    const content = (await fetchObject(reply!.root)).children[0]!;
    const { arrays, metrics } = await readRecords(await fetchObject(content), fetchObject);
    expect(arrays.arrays!.w!.data).toEqual(Float32Array.of(4, 4));
    expect(metrics.metrics).toEqual({ 'num-examples': 4, train_loss: 1 });
    expect(link.calls.slice(0, 2)).toEqual(['register-node', 'activate-node']);
    expect(link.calls.slice(-2)).toEqual(['deactivate-node', 'unregister-node']);
    expect(link.calls).toContain('send-node-heartbeat');
    expect(link.calls.filter(name => name === 'confirm-message-received')).toHaveLength(2);
  });

  test('tells the run what it cannot do, and goes on', async () => {
    const { link, events } = await play([
      { type: 'query', records: weights(1) },
      { type: 'train', records: weights(1) },
    ]);
    expect(events).toContainEqual({
      type: 'failed',
      what: 'query',
      run: '9',
      why: '"query" is asked for, this node trains and evaluates',
    });
    expect(link.replies[0]!.message.error).toMatchObject({ code: 2n });
    expect(events.at(-1)).toMatchObject({ type: 'replied', what: 'train' });
  });

  test('refuses a message whose parts were changed on the way', async () => {
    const { link, events } = await play([{ type: 'train', records: weights(1) }], link => {
      link.tamper = (content, id) => (content.length > 200 && id !== '' ? content.slice(0, -1) : content);
    });
    expect(events.at(-1)).toMatchObject({ type: 'failed', why: expect.stringMatching(/has another digest/) });
    expect(link.replies[0]!.message.error?.reason).toMatch(/has another digest/);
  });

  test('waits out a SuperLink that is restarting, and joins again where it is not known any more', async () => {
    let restarted: FakeSuperLink | undefined;
    const client: FlowerClient = {
      ...adder,
      train: (records, options) => {
        restarted!.known = false;
        return adder.train(records, options);
      },
    };
    const { events } = await play(
      [{ type: 'train', records: weights(1) }],
      link => {
        restarted = link;
        link.trouble.push(503, 502);
      },
      client,
    );
    expect(events.map(({ type }) => type)).toEqual(['joined', 'asked', 'replied', 'joined-again']);
    expect(restarted!.known).toBe(true);
  });

  test('a node that still counts as online is taken a while later', async () => {
    const { events } = await play([], link => {
      const { post } = link.transport;
      let refused = 3;
      Object.assign(link.transport, {
        post: (path: string, ...rest: Parameters<typeof post> extends [string, ...infer R] ? R : never) =>
          path.endsWith('activate-node') && refused-- > 0
            ? Promise.resolve({ status: 412, body: new Uint8Array(0) })
            : post(path, ...rest),
      });
    });
    expect(events.map(({ type }) => type)).toEqual(['waiting', 'joined']);
  });

  test.each([
    [401, /does not know this node’s key; its owner registers the public key/],
    [404, /no Fleet API over HTTP at that address; versions before 1.42 speak gRPC/],
    [400, /answered register-node with status 400: \{"detail":"trouble"\}/],
  ])('says why it is not taken: %i', async (status, message) => {
    const failed = await play([], link => link.trouble.push(status)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(BiolensError);
    expect(failed).toMatchObject({ code: 'external', message: expect.stringMatching(message) });
  });

  test.each([
    [360, /clock is 6 minutes ahead of its clock, and signatures are taken for five minutes/],
    [-600, /clock is 10 minutes behind its clock/],
    [30, /does not know this node’s key/],
  ])('says where its clock is to blame: %i s ahead', async (ahead, message) => {
    const server = createServer((_, response) => {
      response.setHeader('date', new Date(Date.now() - 1000 * ahead).toUTCString());
      response.writeHead(401).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const transport = createFleetTransport({ address: `127.0.0.1:${port}`, key: makeNodeKey(), insecure: true });
    const fleet = new Fleet({ transport, sleep: async () => undefined });
    await expect(fleet.join({ register: true, heartbeatS: 30 })).rejects.toThrow(message);
    server.close();
    server.closeAllConnections();
  });

  test.skipIf(!haveSshKeygen)('reads keys as ssh-keygen writes them (needs ssh-keygen)', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'biolens-key-')), 'node.key');
    const make = (file: string, password: string) =>
      execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-b', '384', '-N', password, '-f', file]);
    make(path, '');
    const { publicLine } = await readNodeKey(path);
    expect(readFileSync(`${path}.pub`, 'utf8').startsWith(publicLine)).toBe(true);
    make(`${path}-locked`, 'secret');
    await expect(readNodeKey(`${path}-locked`)).rejects.toThrow(/node\.key-locked: the key has a password/);
    const text = readFileSync(path, 'utf8');
    writeFileSync(`${path}-cut`, text.replace(/\n[^\n]+\n(-----END)/, '\n$1'));
    await expect(readNodeKey(`${path}-cut`)).rejects.toThrow(/node\.key-cut: (cut short|no base64)/);
    writeFileSync(`${path}-none`, 'hello');
    await expect(readNodeKey(`${path}-none`)).rejects.toThrow(/node\.key-none: no private key in PEM/);
  });

  test('its key is one that OpenSSH and Flower read', () => {
    const { publicLine, publicPem } = makeNodeKey();
    expect(publicLine).toMatch(/^ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABh[\w+/]+=*$/);
    expect(publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });
});
