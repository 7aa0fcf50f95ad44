import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BiolensError } from '../../../src/ground/errors.ts';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import { Fleet, type FleetTransport } from '../../../src/jobs/federated/flower/fleet.ts';
import { objectId, readObject } from '../../../src/jobs/federated/flower/objects.ts';
import { type FetchObject, readRecords } from '../../../src/jobs/federated/flower/records.ts';
import { FakeSuperLink } from './super-link.ts';

const { root, objects } = z
  .object({ root: z.string(), objects: z.record(z.string(), z.base64()) })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/message.json'), 'utf8')));
const contents = new Map(
  Object.entries(objects).map(([id, text]) => [id, new Uint8Array(Buffer.from(text, 'base64'))]),
);

/** Changes some bytes of a message, cuts it, or both. */
function mutate(bytes: Uint8Array, stream: ReturnType<typeof openStream>): Uint8Array {
  if (bytes.length === 0) return bytes;
  const message = bytes.slice(0, stream.integer(7) === 0 ? stream.integer(bytes.length) : undefined);
  for (let change = 0; change <= stream.integer(4); change++)
    if (message.length > 0) message[stream.integer(message.length)] = stream.integer(256);
  return message;
}

/** Runs what may be refused; in words, or as it is. */
async function tried(work: () => Promise<unknown>): Promise<'read' | 'refused'> {
  try {
    await work();
    return 'read';
  } catch (error) {
    if (!(error instanceof BiolensError) || error.code === 'usage') throw error;
    return 'refused';
  }
}

async function countRefused(trials: number, trial: (i: number) => Promise<unknown>): Promise<number> {
  let refused = 0;
  for (let i = 0; i < trials; i++) if ((await tried(() => trial(i))) === 'refused') refused++;
  return refused;
}

test('10,000 changed messages of a SuperLink are refused in words, or read as they may be, and memory does not grow', {
  timeout: 120_000,
}, async () => {
  const stream = openStream(randomKey(12));
  const names = [...contents.keys()];
  // A SuperLink names an object by the digest of what it sends: one part of a message is changed, and found under its old name.
  const objectTrial = async (i: number) => {
    const changed = names[i % names.length]!;
    const fetchObject: FetchObject = async id => {
      const content = contents.get(id);
      if (content === undefined) throw new BiolensError('external', 'no such object');
      const sent = id === changed ? mutate(content, stream) : content;
      return readObject(sent, { id: objectId(sent) });
    };
    const message = await fetchObject(root);
    const [content] = message.children;
    if (content !== undefined) await readRecords(await fetchObject(content), fetchObject);
  };
  // Its answers on the way: protobuf that is changed, for a node that has joined.
  const link = new FakeSuperLink([]);
  let spoil = false;
  const transport: FleetTransport = {
    publicKey: link.transport.publicKey,
    post: async (path, body, options) => {
      const answer = await link.transport.post(path, body, options);
      return spoil ? { ...answer, body: mutate(answer.body, stream) } : answer;
    },
  };
  const fleet = new Fleet({ transport, sleep: async () => undefined });
  await fleet.join({ register: true, heartbeatS: 30 });
  const records = { arrays: {}, metrics: { metrics: { 'num-examples': 1 } }, configs: {} };
  const answerTrial = async () => {
    const asked = new FakeSuperLink([{ type: 'train', records }]);
    link.transport.post = asked.transport.post;
    spoil = true;
    const message = await fleet.pull();
    if (message !== null) await fleet.fetcher(9n)(message.id);
  };
  await countRefused(500, objectTrial);
  await countRefused(500, answerTrial);
  const before = process.memoryUsage().heapUsed;
  const refused = [await countRefused(5000, objectTrial), await countRefused(4000, answerTrial)];
  for (const count of refused) expect(count).toBeGreaterThan(1000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60e6);
  // What is sound is still read.
  spoil = false;
  link.transport.post = new FakeSuperLink([{ type: 'train', records }]).transport.post;
  expect(await fleet.pull()).not.toBeNull();
});
