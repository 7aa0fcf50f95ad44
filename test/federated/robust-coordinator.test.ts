import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RobustRule } from '../../src/jobs/federated/coordinator/clear-round.ts';
import type { PlayedRound, ServeOptions } from '../../src/jobs/federated/coordinator/serve/node.ts';
import { simulateFederation } from '../../src/jobs/federated/job.ts';
import { joinMnist, makeKeyFile } from '../../src/jobs/federated/node.ts';
import { combineUpdates } from '../../src/jobs/federated/rules/robust.ts';
import { biolens } from '../cli/biolens.ts';
import { N, SIZE, training, useFederation } from './federation.ts';
import { serve } from './serve.ts';
import { makeDigits } from './small-digits.ts';

const federation = useFederation();

const changeOf = (client: number, round: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => ((client + 1) * (i + 1) * round) / 4096);
const POISON = 4;

/** The last client sends the opposite, much larger. */
const sentBy = (client: number, round: number) =>
  client === POISON ? changeOf(client, round).map(value => -10 * value) : changeOf(client, round);

function participantOf(client: number, before?: (client: number, round: number) => Promise<void>) {
  return federation.participant(client, {
    inClear: true,
    // Rounds to the nearest level below, so that what is sent is known.
    words: () => into => into.fill(0xffffffff),
    train: async ({ round }) => {
      await before?.(client, round);
      return { change: sentBy(client, round), examples: 10 };
    },
  });
}

const withRule = (name: RobustRule['name'], given: Partial<ServeOptions> = {}): Partial<ServeOptions> => ({
  training: { ...training, rule: { name, poisoned: 1 } },
  ...given,
});

/** What comes of the levels that were sent. */
function expected(name: RobustRule['name'], rounds: number): Float32Array {
  const step = 2 / 65_535;
  const level = (value: number) => Math.floor((Math.min(1, Math.max(-1, value)) + 1) / step) * step - 1;
  let weights = new Float32Array(SIZE);
  for (let round = 1; round <= rounds; round++) {
    const updates = federation.clients.map(client => Float32Array.from(sentBy(client, round), level));
    const change = combineUpdates(updates, { rule: name, poisoned: 1 });
    weights = weights.map((value, i) => value + change[i]!);
  }
  return weights;
}

test.each(['median', 'trimmed-mean', 'krum', 'multi-krum'] as const)(
  'a coordinator combines by %s what its clients send, whatever one of them sends',
  async name => {
    const coordinator = await federation.start(withRule(name));
    const joined = federation.clients.map(client => federation.join(participantOf(client), coordinator.port));
    const weights = await coordinator.done;
    const robust = expected(name, 2);
    for (let i = 0; i < SIZE; i++) expect(Math.abs(weights[i]! - robust[i]!)).toBeLessThan(1e-6);
    // Between the honest ones: the mean of all would be below zero.
    for (const value of weights.subarray(1)) expect(value).toBeGreaterThan(0);
    expect(await Promise.all(joined)).toEqual(new Array(N).fill('all rounds are played'));
    await coordinator.close();
  },
);

test('it is killed in the middle of a round and goes on there, to the same model, whatever rule it is told then', async () => {
  const state = join(federation.folder, 'killed');
  const first = await federation.start(withRule('median', { state, rounds: 1 }));
  const { port } = first;
  let kill: (() => void) | null = () => void first.close();
  let trained = 0;
  const before = async (client: number) => {
    trained++;
    if (client !== 3) return;
    await sleep(200);
    kill?.();
    kill = null;
  };
  const joined = federation.clients.map(client => federation.join(participantOf(client, before), port));
  await expect(first.done).rejects.toThrow(/interrupted/);
  // The clients of the round were told of the median.
  const second = await federation.start(withRule('krum', { state, port, rounds: 1 }));
  const weights = await second.done;
  const median = expected('median', 1);
  for (let i = 0; i < SIZE; i++) expect(Math.abs(weights[i]! - median[i]!)).toBeLessThan(1e-6);
  expect(trained).toBe(N);
  expect(await Promise.all(joined)).toEqual(new Array(N).fill('all rounds are played'));
  await second.close();
});

test('a client that has not agreed to be read takes no part, and the round is played by the others', async () => {
  const rounds: PlayedRound[] = [];
  const options = withRule('median', { rounds: 1, onRound: round => void rounds.push(round) });
  const coordinator = await federation.start(options);
  let asked = false;
  const hidden = federation.participant(0, {
    train: async ({ round }) => {
      asked = true;
      return { change: changeOf(0, round), examples: 10 };
    },
  });
  for (const client of federation.clients)
    void federation.join(client === 0 ? hidden : participantOf(client), coordinator.port);
  await coordinator.done;
  expect(rounds[0]).toMatchObject({ invited: N, clients: N - 1, reason: null });
  expect(asked).toBe(false);
  expect(federation.log).toContainEqual(expect.stringMatching(/^client c0 leaves the round: .* --in-clear$/));
  await coordinator.close();
});

test('a client that weighs itself, or sends another number of entries, is set aside by name; too few are no model', async () => {
  const rounds: PlayedRound[] = [];
  const coordinator = await federation.start(
    withRule('median', { rounds: 1, trainMs: 800, onRound: round => void rounds.push(round) }),
  );
  const { ClearClient } = await import('../../src/jobs/federated/coordinator/clear-round.ts');
  const sound = ClearClient.prototype.sendVector;
  ClearClient.prototype.sendVector = function (entries) {
    entries[SIZE] = 50;
    return sound.call(this, entries);
  };
  try {
    for (const client of federation.clients) void federation.join(participantOf(client), coordinator.port);
    await coordinator.done;
  } finally {
    ClearClient.prototype.sendVector = sound;
  }
  expect(rounds[0]!.reason).toBe('round 1 is aborted: 0 clients have sent "vector", 4 are needed');
  expect(federation.log).toContainEqual(expect.stringMatching(/^client c2: sum: the weights of 1 clients .* 50$/));
  await coordinator.close();
});

test('four clients and a median make the same model as the simulation, bit for bit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-robust-'));
  const data = makeDigits({ training: 120, test: 50 });
  const key = (client: number) => join(folder, `${client}.key.json`);
  const members = [];
  for (let client = 0; client < 4; client++) members.push(await makeKeyFile(key(client), `clinic-${client}`));
  const roster = join(folder, 'roster.json');
  writeFileSync(roster, JSON.stringify({ schema: 'biolens/federation-roster@1', members }));
  try {
    const settings = { roster, model: 'lenet-5', rounds: 2, clients: 4, seed: 3, port: 0, dropout: 0 } as const;
    const { listening, served } = serve(
      { ...settings, rule: 'trimmed-mean', poisoned: 1 },
      { runsDir: join(folder, 'served') },
    );
    const server = await listening;
    const joined = members.map((_, part) =>
      joinMnist({
        ...{ server, key: key(part), roster, data, inClear: true, log: () => undefined },
        share: { part, of: 4, partition: 'iid', seed: 3 },
      }),
    );
    const report = await served;
    await Promise.all(joined);
    expect(report).toMatchObject({ aggregation: null, rule: { name: 'trimmed-mean', poisoned: 1 } });
    const input = { task: 'mnist', data, model: 'lenet-5', clients: 4, fraction: 1, rounds: 2, seed: 3 } as const;
    const simulated = { ...input, rule: 'trimmed-mean', poisoned: 1, workers: 1 } as const;
    for await (const event of simulateFederation(simulated, { runsDir: join(folder, 'runs') }))
      if (event.type === 'result') expect(event.report.digest).toBe(report.digest);
    const serveArgs = ['federate', 'serve', '--roster', roster, '--clients', '4'];
    for (const [args, why] of [
      [['--rule', 'median', '--noise', '1'], /the noise is accounted for a mean/],
      [['--rule', 'krum', '--poisoned', '1'], /--poisoned 1: krum .* stands 0/],
      [['--rule', 'median', '--weigh-by', '10'], /--weigh-by: .* robust rule/],
      [['--poisoned', '1'], /--poisoned: belongs to a robust --rule/],
    ] as const) {
      const refused = await biolens(...serveArgs, ...args);
      expect(refused.code).toBe(2);
      expect(refused.err).toMatch(why);
    }
  } finally {
    for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
  }
});
