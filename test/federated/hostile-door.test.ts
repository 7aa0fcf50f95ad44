import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { readMessage, writeMessage } from '../../src/jobs/federated/coordinator/messages.ts';
import { N, SIZE, useFederation } from './federation.ts';

const federation = useFederation();
const participant = (client: number, given = {}) =>
  federation.participant(client, {
    train: async () => ({ change: new Float32Array(SIZE), examples: 10 }),
    ...given,
  });

/** Changes some bytes of a message, cuts it, or both. */
function mutate(bytes: Uint8Array, stream: ReturnType<typeof openStream>): Uint8Array {
  const message = bytes.slice(0, stream.integer(7) === 0 ? stream.integer(bytes.length) : undefined);
  for (let change = 0; change <= stream.integer(4); change++)
    if (message.length > 0) message[stream.integer(message.length)] = stream.integer(256);
  return message;
}

async function connect(port: number): Promise<{ readonly socket: WebSocket; readonly challenge: Uint8Array }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  socket.on('error', () => undefined);
  const challenge = await new Promise<Uint8Array>(resolve =>
    socket.once('message', data => resolve(new Uint8Array(data as Buffer))),
  );
  return { socket, challenge };
}

test('10,000 changed frames of a client that has its key change nothing for the others, and memory does not grow', {
  timeout: 180_000,
}, async () => {
  const coordinator = await federation.start({ rounds: 1, clients: N, stepMs: 60_000, trainMs: 60_000 });
  const { port } = coordinator;
  // The fifth client proves its key, and then sends rubbish made of all kinds of messages.
  const hostile = participant(4);
  const { socket, challenge } = await connect(port);
  const received: Uint8Array[] = [];
  socket.on('message', data => received.push(new Uint8Array(data as Buffer)));
  socket.send((await hostile.receive(challenge))!);
  const here = () => federation.log.some(line => line === 'client c4 is here');
  await expect.poll(here).toBe(true);
  const gate = Promise.withResolvers<void>();
  const honest = [0, 1, 2, 3].map(client =>
    federation.join(
      participant(client, {
        train: async () => {
          await gate.promise;
          return { change: new Float32Array(SIZE).fill(0.25), examples: 10 };
        },
      }),
      port,
    ),
  );
  await expect.poll(() => received.length).toBeGreaterThan(0);
  const commit = (await hostile.receive(received[0]!))!;
  const payload = new Uint8Array(200).fill(3);
  const templates = [
    commit,
    writeMessage({ kind: 'answer', round: 1, step: 'keys' }, payload),
    writeMessage({ kind: 'answer', round: 1, step: 'vector' }, payload),
    writeMessage({ kind: 'answer', round: 2 ** 31, step: 'unmask' }, payload),
    writeMessage({ kind: 'hello', protocol: 1, client: 2, signature: 'ab'.repeat(64) }),
    writeMessage({ kind: 'end', reason: 'x' }),
  ];
  const stream = openStream(randomKey(11));
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      socket.send(mutate(templates[i % templates.length]!, stream));
      // Its own log is what grows with refusals here.
      if (i % 500 === 0) await sleep(1);
    }
    await sleep(300);
  };
  await send(1000);
  const before = process.memoryUsage().heapUsed;
  await send(9000);
  const lines = federation.log.reduce((sum, { length }) => sum + 2 * length + 100, 0);
  expect(process.memoryUsage().heapUsed - before - lines).toBeLessThan(40e6);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.send(writeMessage({ kind: 'decline', round: 1, reason: 'enough' }));
  gate.resolve();
  const weights = await coordinator.done;
  await Promise.all(honest);
  for (const weight of weights) expect(Math.abs(weight - 0.25)).toBeLessThan(2 / 65_535);
  expect(federation.log.some(line => /round 1: 4 of 5 clients/.test(line))).toBe(true);
  await coordinator.close();
});

test('300 changed hellos are refused in words and closed, and none is taken for a client', {
  timeout: 180_000,
}, async () => {
  const coordinator = await federation.start({ rounds: 1 });
  const stream = openStream(randomKey(12));
  let refused = 0;
  for (let batch = 0; batch < 6; batch++)
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { socket, challenge } = await connect(coordinator.port);
        const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
        socket.once('message', data => {
          const { header } = readMessage(new Uint8Array(data as Buffer));
          if (header.kind === 'end' && header.reason !== '') refused++;
        });
        const hello = (await participant(1).receive(challenge))!;
        const changed = mutate(hello, stream);
        if (Buffer.compare(changed, hello) === 0) changed[changed.length - 1]! ^= 1;
        socket.send(changed);
        await closed;
      }),
    );
  expect(refused).toBe(300);
  expect(federation.log.some(line => / is here$/.test(line))).toBe(false);
  await coordinator.close();
});

test('a client whose key was revoked is not let in, and the federation goes on without it', async () => {
  const before = await federation.start({ clients: 4, rounds: 1 });
  await before.close();
  const members = federation.roster.members.map((member, i) => (i === 2 ? { ...member, revoked: true } : member));
  // The state of the same federation: a revoked key changes no digest.
  const coordinator = await federation.start({ roster: { members }, clients: 4, rounds: 1 });
  expect(coordinator.session).toBe(before.session);
  expect(await federation.join(participant(2), coordinator.port)).toBe('client c2: its key was revoked');
  for (const client of [0, 1, 3, 4]) void federation.join(participant(client), coordinator.port);
  await coordinator.done;
  expect(federation.log.some(line => /round 1: 4 of 4 clients/.test(line))).toBe(true);
  await coordinator.close();
});

test('clients leave a round in which a coordinator takes a revoked key', async () => {
  const coordinator = await federation.start({ rounds: 1, stepMs: 2000 });
  const members = federation.roster.members.map((member, i) => (i === 2 ? { ...member, revoked: true } : member));
  for (const client of federation.clients)
    void federation.join(participant(client, client === 2 ? {} : { roster: { members } }), coordinator.port);
  await coordinator.done;
  expect(
    federation.log.filter(line => /leaves round 1: the key of client c2 was revoked/.test(line)).length,
  ).toBeGreaterThan(3);
  expect(federation.log.some(line => /round 1 is aborted/.test(line))).toBe(true);
  await coordinator.close();
});
