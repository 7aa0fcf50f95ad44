import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulateFederation } from '../../src/jobs/federated/job.ts';
import { joinMnist, makeKeyFile } from '../../src/jobs/federated/node.ts';
import { serve } from './serve.ts';
import { makeDigits } from './small-digits.ts';

const N = 4;
let folder = '';
let data = '';
let roster = '';
const key = (client: number) => join(folder, `${client}.key.json`);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biolens-federation-'));
  data = makeDigits({ training: 120, test: 50 });
  const members = [];
  for (let client = 0; client < N; client++) members.push(await makeKeyFile(key(client), `clinic-${client}`));
  roster = join(folder, 'roster.json');
  writeFileSync(roster, JSON.stringify({ schema: 'biolens/federation-roster@1', members }));
});
afterAll(() => {
  for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
});

test('four clients over WebSocket make the same model as the simulation, bit for bit', async () => {
  const log: string[] = [];
  const { listening: server_, served } = serve(
    { roster, state: join(folder, 'state'), model: 'lenet-5', rounds: 2, clients: N, seed: 3, data, port: 0 },
    { runsDir: join(folder, 'served') },
  );
  const server = await server_;
  const joined = Array.from({ length: N }, (_, part) =>
    joinMnist({
      server,
      key: key(part),
      roster,
      data,
      share: { part, of: N, partition: 'iid', seed: 3 },
      log: line => log.push(line),
    }),
  );
  const { rounds, digest, members, now } = await served;
  await Promise.all(joined);
  expect(now).toBeNull();
  expect(members.map(({ summed, lost }) => [summed, lost])).toEqual(new Array(N).fill([2, 0]));
  expect(rounds.map(({ clients, reason }) => [clients, reason])).toEqual([
    [N, null],
    [N, null],
  ]);
  const input = {
    task: 'mnist',
    data,
    model: 'lenet-5',
    clients: N,
    fraction: 1,
    rounds: 2,
    secure: true,
    seed: 3,
  } as const;
  for await (const event of simulateFederation({ ...input, workers: 1 }, { runsDir: join(folder, 'runs') }))
    if (event.type === 'result') {
      expect(event.report.digest).toBe(digest);
      expect(event.report.rounds.map(({ accuracy }) => accuracy.value)).toEqual(
        rounds.map(({ accuracy }) => accuracy.value),
      );
    }
});

test('keys are for one’s own eyes and are not written over; files that are none are named', async () => {
  expect(statSync(key(0)).mode & 0o077).toBe(0);
  await expect(makeKeyFile(key(0), 'again')).rejects.toThrow(/is there already/);
  const stranger = join(folder, 'stranger.key.json');
  await makeKeyFile(stranger, 'stranger');
  const options = { server: 'ws://127.0.0.1:1', data, log: () => undefined };
  await expect(joinMnist({ ...options, key: stranger, roster })).rejects.toThrow(
    /roster.json: the key of .* is not in it/,
  );
  await expect(joinMnist({ ...options, key: roster, roster })).rejects.toThrow(/roster.json: "schema"/);
  const twice = join(folder, 'twice.json');
  const { members } = JSON.parse(readFileSync(roster, 'utf8')) as { members: unknown[] };
  writeFileSync(twice, JSON.stringify({ schema: 'biolens/federation-roster@1', members: [...members, members[0]] }));
  await expect(joinMnist({ ...options, key: key(1), roster: twice })).rejects.toThrow(
    /clinic-0 and clinic-0 have one name/,
  );
});
