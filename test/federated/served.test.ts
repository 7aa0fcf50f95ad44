import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLive } from '../../src/app/pages/run-page.ts';
import { federationReportSchema } from '../../src/ground/contracts/index.ts';
import { joinMnist, makeKeyFile, resumeFederation } from '../../src/jobs/federated/node.ts';
import { findRun, listRuns } from '../../src/kit/runs/index.ts';
import { biolens } from '../cli/biolens.ts';
import { follow, serve } from './serve.ts';
import { makeDigits } from './small-digits.ts';

const N = 4;
const ROUNDS = 3;
let folder = '';
let data = '';
let roster = '';
const key = (client: number) => join(folder, `${client}.key.json`);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biolens-served-'));
  data = makeDigits({ training: 40, test: 20 });
  const members = [];
  for (let client = 0; client < N; client++) members.push(await makeKeyFile(key(client), `clinic-${client}`));
  members.push({ name: 'never there', key: 'ab'.repeat(32) });
  roster = join(folder, 'roster.json');
  writeFileSync(roster, JSON.stringify({ schema: 'biolens/federation-roster@1', members }));
});
afterAll(() => {
  for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
});

const run = (runsDir: string) => async () => (await listRuns(runsDir)).runs[0]!;

test('a page can follow a federation; its coordinator is interrupted, and the run is resumed to its end', async () => {
  const runsDir = join(folder, 'runs');
  const found = run(runsDir);
  const stop = new AbortController();
  const settings = {
    roster,
    model: 'lenet-5',
    rounds: ROUNDS,
    clients: N,
    port: 0,
    ...{ stepSeconds: 10, trainSeconds: 10 },
  } as const;
  const first = serve(settings, { runsDir, signal: stop.signal });
  const server = await first.listening;
  const live = async () => federationReportSchema.safeParse(await readLive(await found())).data ?? null;
  await expect
    .poll(async () => (await live())?.members.map(({ state }) => state))
    .toEqual(new Array(N + 1).fill('never'));
  expect(await live()).toMatchObject({ address: server, now: { round: 1, step: 'waiting', least: N }, rounds: [] });

  const leave = new AbortController();
  const join_ = (client: number, signal?: AbortSignal) =>
    joinMnist({
      server,
      key: key(client),
      roster,
      data,
      log: () => undefined,
      ...(signal === undefined ? {} : { signal }),
    });
  const joined = [0, 1, 2].map(client => join_(client, leave.signal).catch(() => undefined));
  const states = async () => (await live())?.members.map(({ state }) => state);
  await expect.poll(states).toEqual(['here', 'here', 'here', 'never', 'never']);
  const fourth = join_(3, leave.signal).catch(() => undefined);
  await expect.poll(async () => (await live())?.rounds.length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(0);
  stop.abort();
  await expect(first.served).rejects.toThrow(/interrupted/);
  expect((await found()).record.status).toBe('interrupted');
  // A page of a run that is not at work does not say that it is.
  expect(await readLive(await found())).toBeNull();
  leave.abort();
  await Promise.all([...joined, fourth]);

  const { path } = await found();
  const second = follow(resumeFederation(path));
  const again = await second.listening;
  for (let client = 0; client < N; client++)
    void joinMnist({ server: again, key: key(client), roster, data, log: () => undefined }).catch(() => undefined);
  const report = await second.served;
  expect(report.rounds.map(({ round }) => round)).toEqual([1, 2, 3]);
  expect(report.now).toBeNull();
  expect(report.members.at(-1)).toMatchObject({ state: 'never', summed: 0, bytesUp: 0 });
  const [one] = report.members;
  // Three vectors of 61,707 entries of 18 bits, and little more.
  const vectors = report.rounds.filter(({ status, lost }) => status === 'done' && !lost.includes('clinic-0')).length;
  expect(one!.summed).toBe(vectors);
  expect(one!.lost).toBe(ROUNDS - vectors);
  expect(one!.bytesUp).toBeGreaterThan(vectors * 61_707 * (18 / 8));
  expect(one!.bytesUp).toBeLessThan(3 * 61_707 * (18 / 8) + 10_000);
  expect(readdirSync(path)).not.toContain('live.json');
  expect(existsSync(join(path, 'artifacts', report.model.file!))).toBe(true);
  expect((await findRun((await found()).record.id, runsDir)).record.status).toBe('done');
});

test.each([
  ['a certificate without its key', ['--cert', 'roster'], '--cert and --key belong together'],
  ['a budget without noise', ['--budget', '3'], '--budget: nothing bounds ε without noise'],
  ['weights with noise', ['--noise', '1', '--weigh-by', '10'], '--weigh-by: with noise all clients count alike'],
  ['more clients than there are', ['--clients', '9'], '--clients 9: the roster has 5'],
  ['a roster that is none', ['--roster', 'key'], 'key.json: "schema"'],
])('%s is told before work', async (_, given, message) => {
  const files: Readonly<Record<string, string>> = { roster, key: key(0) };
  const flags = given.map(word => files[word] ?? word);
  const { code, err } = await biolens('federate', 'serve', '--roster', roster, '--clients', '4', ...flags, '--dry-run');
  expect(err).toContain(message);
  expect(code).toBe(2);
});

test('a plan reads the roster and says on whom the time depends', async () => {
  const { code, out, err } = await biolens('federate', 'serve', '--roster', roster, '--clients', '4', '--dry-run');
  expect(code, err).toBe(0);
  expect(out).toContain('5 clients');
  expect(out).toContain('as long as its clients do');
});
