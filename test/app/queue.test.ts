import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { QueueStore } from '../../src/app/cluster/queue/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { isConnectionLost } from '../../src/kit/postgres/node.ts';
import { biolens } from '../cli/biolens.ts';
import { noPostgres } from '../templates/gallery/cluster.ts';
import { type Harness, openHarness, playDisaster } from './queue-harness.ts';
import { onlyRun, readItems } from './read-runs.ts';

test('addresses that are none, or that nobody answers at, are refused without repeating them', async () => {
  const worker = (...args: string[]) => biolens('worker', ...args);
  expect(await worker()).toMatchObject({ code: 2, err: expect.stringContaining('--plan DIR --shard I, or --queue') });
  const wrong = await worker('--queue', 'mysql://me:secret@localhost/x');
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('"--queue" expected an address such as') });
  const silent = await worker('--queue', 'postgres://me:secret@127.0.0.1:9/x');
  expect(silent).toMatchObject({ code: 3, err: expect.stringContaining('the queue: ') });
  for (const { out, err } of [wrong, silent]) expect(out + err).not.toContain('secret');
});

test('what the system says of a connection is not taken for what a server says of a statement', () => {
  const of = (fields: object) => isConnectionLost(Object.assign(new Error('no'), fields));
  for (const lost of [
    { code: 'EPIPE', syscall: 'write' },
    { code: 'ECONNRESET' },
    { code: '57P01' },
    { code: '08006' },
    {},
  ])
    expect(of(lost)).toBe(true);
  for (const wrong of ['42P01', '23505', '22P02']) expect(of({ code: wrong })).toBe(false);
});

const without = noPostgres === null ? '' : ` (skipped: ${noPostgres})`;

describe.skipIf(noPostgres !== null)(`a queue in PostgreSQL${without}`, () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await openHarness();
    for await (const _ of renderFaces(harness.at('training'), { n: 160, size: 64, seed: 1 }));
    for await (const _ of renderFaces(harness.at('generated'), { n: 120, size: 64, seed: 2 }));
  }, 120_000);
  afterEach(() => harness.killAll());
  afterAll(() => harness.close());

  const audit = (generated = 'generated') =>
    `audit --train ${harness.at('training')} --generated ${harness.at(generated)} --embedder appearance --permutations 99`.split(
      ' ',
    );

  test('a worker killed and the server stopped in the middle: the report of one process, each item once', async () => {
    expect((await biolens(...audit(), '--runs-dir', harness.at('whole'), '--json')).code).toBe(0);
    const { path, made, lines } = await playDisaster(harness, { command: audit(), shards: 3, after: 5 });
    const whole = onlyRun(harness.at('whole'));
    expect(readFileSync(join(path, 'report.json'), 'utf8')).toBe(readFileSync(join(whole, 'report.json'), 'utf8'));
    const keys = readItems(path).map(({ set, file }) => `${set}/${file}`);
    expect([keys.length, new Set(keys).size]).toEqual([280, 280]);
    expect(made).toBeLessThan(94);
    // What the dead worker had made was not made again: its shard has no line too many.
    expect(lines.sort()).toEqual([93, 93, 94]);
    // Nothing of it stays in the database.
    for (const table of ['runs', 'items', 'done', 'artifacts'])
      expect(await harness.ask(`SELECT 1 FROM biolens_queue.${table}`)).toEqual([]);
  }, 240_000);

  test('a server that recovers from a crash is waited for', async () => {
    const socket = `${new URL(harness.cluster.url).searchParams.get('host')}/.s.PGSQL.5432`;
    let turnedAway = 0;
    const server = createServer(client => {
      if (turnedAway < 2) {
        turnedAway++;
        const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is starting up', '', ''].join('\0');
        const length = Buffer.alloc(4);
        length.writeInt32BE(4 + fields.length);
        client.once('data', () => client.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)])));
        return;
      }
      client.pipe(connect(socket)).pipe(client);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const store = await QueueStore.open(`postgres://biolens@127.0.0.1:${port}/postgres`);
      await store.close();
      expect(turnedAway).toBe(2);
    } finally {
      server.close();
    }
  });

  test('a shard that cannot be made is given up, and the reason told', async () => {
    for await (const _ of renderFaces(harness.at('lost'), { n: 8, size: 32, seed: 3 }));
    await harness.plan('lost-runs', audit('lost'), 1);
    rmSync(harness.at('lost/000003.png'));
    const served = harness.start('queue', 'serve', 'latest', '--runs-dir', harness.at('lost-runs'));
    harness.start('worker');
    const { code, text } = await served.ended;
    expect(code).toBe(3);
    expect(text).toContain('1 of 1 shards were given up, shard 0 because the inputs are not those that were planned');
  }, 120_000);
});
