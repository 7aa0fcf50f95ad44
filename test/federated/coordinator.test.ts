import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { joinFederation } from '../../src/jobs/federated/coordinator/join/node.ts';
import { readMessage, writeMessage } from '../../src/jobs/federated/coordinator/messages.ts';
import type { Participant } from '../../src/jobs/federated/coordinator/participant.ts';
import type { PlayedRound } from '../../src/jobs/federated/coordinator/serve/node.ts';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { makeCohort } from './cohort.ts';
import { N, SIZE, training, useFederation } from './federation.ts';

const federation = useFederation();

/** What a client learns: known in advance, so that the model after each round is known too. */
const changeOf = (client: number, round: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => ((client + 1) * (i + 1) * round) / 4096);

const wordsOf = (client: number) => (round: number) => {
  const stream = openStream(randomKey(1000 * client + round));
  return (into: Uint32Array) => {
    for (let i = 0; i < into.length; i++) into[i] = stream.uint32();
  };
};

interface Behaviour {
  /** Before a client trains. */
  readonly before?: (client: number, round: number) => Promise<void>;
}

function participantOf(client: number, { before }: Behaviour = {}): Participant {
  return federation.participant(client, {
    words: wordsOf(client),
    train: async ({ round }) => {
      await before?.(client, round);
      return { change: changeOf(client, round), examples: 10 };
    },
  });
}

/** The mean of what clients learn, without rounding. */
const meanOf = (clients: readonly number[], rounds: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => {
    let sum = 0;
    for (let round = 1; round <= rounds; round++)
      for (const client of clients) sum += changeOf(client, round)[i]! / clients.length;
    return sum;
  });

function expectNear(weights: Float32Array, expected: Float32Array): void {
  // Rounding moves each client's entry by a step of 2/65535 at most, in each round.
  for (let i = 0; i < SIZE; i++) expect(Math.abs(weights[i]! - expected[i]!)).toBeLessThan((2 * 2) / 65_535);
}

test('five clients sum two rounds over WebSocket, and all is over when they are', async () => {
  const coordinator = await federation.start();
  const joined = federation.clients.map(client => federation.join(participantOf(client), coordinator.port));
  const weights = await coordinator.done;
  expectNear(weights, meanOf([0, 1, 2, 3, 4], 2));
  expect(await Promise.all(joined)).toEqual(new Array(N).fill('all rounds are played'));
  expect(federation.log.filter(line => /5 of 5 clients/.test(line))).toHaveLength(2);
  // The model as it is, and nothing of single clients.
  expect(readdirSync(federation.folder).sort()).toEqual(['federation.json', 'model-3.bin']);
  await coordinator.close();
});

test('a client that is killed is lost, the round goes on, and it comes back', async () => {
  const killed = new AbortController();
  const rounds: PlayedRound[] = [];
  let again: Promise<string> | null = null;
  const coordinator = await federation.start({
    clients: 4,
    stepMs: 1500,
    trainMs: 1500,
    rounds: 2,
    onRound: async round => {
      rounds.push(round);
      if (round.round > 1) return;
      again = federation.join(participantOf(2), coordinator.port);
      await sleep(400);
    },
  });
  // The second client's process dies while it trains.
  const before = async (client: number) => {
    if (client === 2) killed.abort();
    if (client === 2) await sleep(50);
  };
  for (const client of [0, 1, 2, 3, 4])
    void federation.join(
      participantOf(client, client === 2 ? { before } : {}),
      coordinator.port,
      client === 2 ? killed : federation.stop,
    );
  await coordinator.done;
  expect(rounds[0]!.invited - rounds[0]!.clients).toBe(1);
  expect(rounds[1]).toMatchObject({ invited: 5, clients: 5, reason: null });
  expect(await again).toBe('all rounds are played');
  expect(federation.log).toContain('client c2 is gone');
  await coordinator.close();
});

test('a coordinator that is killed in the middle of a round goes on there, to the same model', async () => {
  const undisturbed = await federation.start({ state: join(federation.folder, 'undisturbed') });
  for (const client of federation.clients) void federation.join(participantOf(client), undisturbed.port);
  const expected = await undisturbed.done;
  await undisturbed.close();

  const state = join(federation.folder, 'killed');
  const first = await federation.start({ state });
  const { port } = first;
  let kill: (() => void) | null = () => void first.close();
  const trained = new Map<number, number>();
  const before = async (client: number, round: number) => {
    trained.set(client, (trained.get(client) ?? 0) + 1);
    // When the vectors of some have come, in the second round.
    if (round === 2 && client === 3) {
      await sleep(200);
      kill?.();
      kill = null;
    }
  };
  const joined = federation.clients.map(client => federation.join(participantOf(client, { before }), port));
  await expect(first.done).rejects.toThrow(/interrupted/);
  const second = await federation.start({ state, port });
  const weights = await second.done;
  expect([...weights]).toEqual([...expected]);
  expect(federation.log).toContainEqual(expect.stringMatching(/^round 2 goes on at "vector"$/));
  // Nobody has trained twice for one round.
  expect([...trained.values()]).toEqual(new Array(N).fill(2));
  expect(await Promise.all(joined)).toEqual(new Array(N).fill('all rounds are played'));
  await second.close();
});

test('a round with too few survivors is aborted with its reason, and the next one is played', async () => {
  const rounds: PlayedRound[] = [];
  const coordinator = await federation.start({ trainMs: 700, stepMs: 3000, onRound: round => void rounds.push(round) });
  const before = async (client: number, round: number) => {
    if (round === 1 && client > 1) await sleep(1500);
  };
  for (const client of federation.clients) void federation.join(participantOf(client, { before }), coordinator.port);
  const weights = await coordinator.done;
  expect(rounds[0]).toMatchObject({
    reason: expect.stringMatching(/round 1 is aborted: 2 of 5 clients have sent "vector"/),
  });
  expect(rounds[1]).toMatchObject({ clients: 5, reason: null });
  // Late vectors of the first round are in no model.
  const second = Float32Array.from(meanOf([0, 1, 2, 3, 4], 2), (value, i) => value - meanOf([0, 1, 2, 3, 4], 1)[i]!);
  expectNear(weights, second);
  await coordinator.close();
});

const openssl = spawnSync('openssl', ['version']).status === 0;
test.skipIf(!openssl)(`over TLS${openssl ? '' : ' (skipped: there is no openssl to make a certificate)'}`, async () => {
  const [cert, key] = [join(federation.folder, 'cert.pem'), join(federation.folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', cert];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...files, ...subject],
    {
      stdio: 'ignore',
    },
  );
  const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const coordinator = await federation.start({ tls, rounds: 1, state: join(federation.folder, 'state') });
  const server = `wss://127.0.0.1:${coordinator.port}`;
  const common = {
    server,
    mostBytes: 2 ** 20,
    retryMs: 300,
    log: (line: string) => federation.log.push(line),
    signal: federation.stop.signal,
  };
  // Without the authority the certificate is not believed.
  const doubting = joinFederation({ ...common, participant: participantOf(0), signal: AbortSignal.timeout(700) });
  await expect(doubting).rejects.toThrow(/interrupted/);
  expect(federation.log.some(line => /self-signed certificate/.test(line))).toBe(true);
  for (const client of federation.clients)
    void joinFederation({ ...common, participant: participantOf(client), ca: tls.cert }).catch(() => undefined);
  expectNear(await coordinator.done, meanOf([0, 1, 2, 3, 4], 1));
  await coordinator.close();
});

describe('at the door', () => {
  const open = async (port: number) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    const messages: Uint8Array[] = [];
    const closed = new Promise<void>(resolve => socket.on('close', () => resolve()));
    socket.on('message', data => messages.push(new Uint8Array(data as Buffer)));
    socket.on('error', () => undefined);
    await expect.poll(() => messages.length).toBeGreaterThan(0);
    return { socket, messages, closed };
  };
  const hello = (client: number, signature = 'ab'.repeat(64), protocol = 1) =>
    writeMessage({ kind: 'hello', protocol, client, signature });

  test.each<[string, () => Uint8Array | string, RegExp]>([
    ['an unknown client', () => hello(99), /client 99 is not in the roster/],
    ['a wrong key', () => hello(1), /client c1: its key is not the one in the roster/],
    ['another version', () => hello(1, undefined, 7), /speaks version 7, this is 1/],
    ['no hello', () => writeMessage({ kind: 'decline', round: 1, reason: 'x' }), /a "decline" before a hello/],
    ['rubbish', () => new Uint8Array(50).fill(200), /message: a part of/],
    ['text', () => 'hello', /not binary/],
  ])('%s is refused with the reason', async (_, message, reason) => {
    const coordinator = await federation.start();
    const { socket, messages, closed } = await open(coordinator.port);
    socket.send(message());
    await closed;
    expect(readMessage(messages.at(-1)!).header).toMatchObject({ kind: 'end', reason: expect.stringMatching(reason) });
    expect(federation.log.some(line => reason.test(line))).toBe(true);
    await coordinator.close();
  });

  test('a frame that is too large ends its connection, and no other', async () => {
    const coordinator = await federation.start({ rounds: 1 });
    const { socket, closed } = await open(coordinator.port);
    socket.send(new Uint8Array(2 ** 22));
    await closed;
    const joined = federation.clients.map(client => federation.join(participantOf(client), coordinator.port));
    await coordinator.done;
    expect(await Promise.all(joined)).toHaveLength(N);
    await coordinator.close();
  });

  test('a state of another roster, or of another model, is refused', async () => {
    await (await federation.start()).close();
    const other = makeCohort(N).roster;
    await expect(federation.start({ roster: other })).rejects.toThrow(
      /federation.json: the federation has another roster/,
    );
    await expect(federation.start({ start: new Float32Array(3) })).rejects.toThrow(
      /model-1.bin: 160 bytes, expected 12/,
    );
  });
});

test('a client declines a model that is not the round’s, a round it has played, and sums that could overflow', async () => {
  const { writeRecord, rosterDigest } = await import('../../src/jobs/federated/secure/record.ts');
  const { toHex } = await import('../../src/jobs/federated/wire/bytes.ts');
  const weights = new Float32Array(SIZE);
  const record = {
    ...makeCohort(N).record,
    roster: rosterDigest(federation.roster, primitives),
    model: primitives.sha256(new Uint8Array(weights.buffer)),
    entries: SIZE + 1,
    bits: 19,
    about: new TextEncoder().encode(JSON.stringify(training)),
  };
  const task = (changed: Partial<typeof record>, payload = new Uint8Array(weights.buffer)) =>
    writeMessage(
      { kind: 'task', round: changed.round ?? 1, record: toHex(writeRecord({ ...record, ...changed })) },
      payload,
    );
  const participant = participantOf(0);
  const answerTo = async (message: Uint8Array) => readMessage((await participant.receive(message))!).header;
  const other = new Uint8Array(4 * SIZE).fill(1);
  expect(await answerTo(task({}, other))).toMatchObject({
    kind: 'decline',
    reason: expect.stringMatching(/the model that it was sent/),
  });
  expect(await answerTo(task({ bits: 9 }))).toMatchObject({ reason: expect.stringMatching(/could overflow/) });
  expect(await answerTo(task({}))).toMatchObject({ kind: 'answer', step: 'commit' });
  // The same task again gets the same answer; another one of the same round none.
  expect(await answerTo(task({}))).toMatchObject({ kind: 'answer', step: 'commit' });
  expect(await answerTo(task({ bits: 20 }))).toMatchObject({
    reason: expect.stringMatching(/round 1 was played before/),
  });
});

test('a client that is killed and comes back ten times in one round is in its sum', async () => {
  const training = Promise.withResolvers<void>();
  const own = participantOf(0, { before: () => training.promise });
  const coordinator = await federation.start({ rounds: 1, stepMs: 20_000, trainMs: 20_000 });
  for (const client of [1, 2, 3, 4]) void federation.join(participantOf(client), coordinator.port);
  const here = () => federation.log.filter(line => line === 'client c0 is here').length;
  for (let time = 1; time <= 10; time++) {
    const killed = new AbortController();
    void federation.join(own, coordinator.port, killed);
    await expect.poll(here, { timeout: 10_000 }).toBe(time);
    killed.abort();
  }
  const joined = federation.join(own, coordinator.port);
  training.resolve();
  expectNear(await coordinator.done, meanOf([0, 1, 2, 3, 4], 1));
  expect(await joined).toBe('all rounds are played');
  await coordinator.close();
});

test('10,000 changed messages at a client’s door are refused in words, or answered as they may be', async () => {
  const stream = openStream(randomKey(7));
  const header = { kind: 'challenge', protocol: 1, session: 'ab'.repeat(32), nonce: 'cd'.repeat(32) } as const;
  const messages = [
    writeMessage(header),
    writeMessage({ kind: 'step', round: 1, step: 'keys' }, new Uint8Array(40)),
    writeMessage({ kind: 'task', round: 1, record: '00'.repeat(60) }, new Uint8Array(160)),
    writeMessage({ kind: 'over', round: 1, digest: null, reason: 'x' }),
    writeMessage({ kind: 'end', reason: 'x' }),
  ];
  const participant = participantOf(0);
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    const message = messages[i % messages.length]!.slice(0, i % 7 === 0 ? stream.integer(60) : undefined);
    for (let change = 0; change <= stream.integer(3); change++)
      if (message.length > 0) message[stream.integer(message.length)] = stream.integer(256);
    try {
      await participant.receive(message);
    } catch (error) {
      // In words: an error of ours, and no other.
      expect((error as { code?: string }).code).toMatch(/^(input|external)$/);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(5000);
});
