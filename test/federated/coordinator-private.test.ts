import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkedLattice, contributorsOf, latticeOf } from '../../src/jobs/federated/coordinator/private-round.ts';
import type { PlayedRound, ServeOptions } from '../../src/jobs/federated/coordinator/serve/node.ts';
import { leastEpsilon, spentOf } from '../../src/kit/privacy/index.ts';
import { readLedger } from '../../src/kit/privacy/node.ts';
import { makeCohort } from './cohort.ts';
import { N, SIZE, useFederation } from './federation.ts';

const DELTA = 1e-5;
const federation = useFederation();

/** The last client is longer than the clipping norm. */
const changeOf = (client: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => (client === N - 1 && i === 0 ? 50 : ((client + 1) * (i + 1)) / 4096));

function joinAs(client: number, port: number, leastNoise = 0): Promise<string> {
  const train = async () => ({ change: changeOf(client), examples: 10 });
  return federation.join(federation.participant(client, { leastNoise, train }), port);
}

const start = (privacy: ServeOptions['privacy'], given: Partial<ServeOptions> = {}) =>
  federation.start({ privacy, stepMs: 20_000, trainMs: 20_000, ...given });

/** The mean of the clipped changes. */
function meanOf(): Float64Array {
  const mean = new Float64Array(SIZE);
  for (let client = 0; client < N; client++) {
    const change = changeOf(client);
    const scale = Math.min(1, 1 / Math.hypot(...change));
    for (let i = 0; i < SIZE; i++) mean[i] = mean[i]! + (change[i]! * scale) / N;
  }
  return mean;
}

test('clients add noise within the masks; the ledger has an event a round, and the model the mean with their noise', async () => {
  const noise = 0.3;
  const rounds: PlayedRound[] = [];
  const coordinator = await start(
    { noise, clip: 1, delta: DELTA, budget: null },
    { onRound: round => void rounds.push(round) },
  );
  const joined = federation.clients.map(client => joinAs(client, coordinator.port, client === 0 ? noise : 0));
  const weights = await coordinator.done;
  expect(await Promise.all(joined)).toEqual(new Array(N).fill('all rounds are played'));
  const events = await readLedger(join(federation.folder, 'ledger.jsonl'));
  // Of five clients at least four begin and three end a round; of those two are not the protected one.
  expect(events).toMatchObject([1, 2].map(round => ({ round, contributors: 2, sampling: 'none' })));
  expect(events).toHaveLength(2);
  expect(rounds.map(({ epsilon }) => epsilon)).toEqual(
    [1, 2].map(count => leastEpsilon(spentOf(events.slice(0, count), { delta: DELTA }))),
  );
  // Five clients' parts are in it, where two suffice. 40 squares of a normal: outside these bounds by chance in one of 10,000.
  const deviation = (noise * Math.sqrt(N / 2)) / N;
  const mean = meanOf();
  const squares = weights.reduce((sum, weight, i) => sum + (weight - 2 * mean[i]!) ** 2, 0);
  const expected = SIZE * 2 * deviation ** 2;
  expect(squares / expected).toBeGreaterThan(0.35);
  expect(squares / expected).toBeLessThan(2.2);
  await coordinator.close();
  await expect(start(null)).rejects.toThrow(/has begun with noise, and all its rounds have it or none/);
});

test('the budget ends the federation before the round that would exceed it', async () => {
  const event = { noise: 1, clip: 1, contributors: 2, most: N };
  const { eventOf } = await import('../../src/jobs/federated/coordinator/private-round.ts');
  const { privacyEvent } = await import('../../src/kit/privacy/index.ts');
  const one = leastEpsilon(spentOf([privacyEvent(eventOf(event, { size: SIZE, round: 1 }))], { delta: DELTA }));
  const coordinator = await start({ noise: 1, clip: 1, delta: DELTA, budget: 1.1 * one });
  const joined = federation.clients.map(client => joinAs(client, coordinator.port));
  await coordinator.done;
  expect(new Set(await Promise.all(joined))).toEqual(new Set([`another round would spend more than ε = ${1.1 * one}`]));
  expect(await readLedger(join(federation.folder, 'ledger.jsonl'))).toHaveLength(1);
  await coordinator.close();
});

test('a client that demands more noise leaves the round, which goes on without it', async () => {
  const coordinator = await start({ noise: 0.5, clip: 1, delta: DELTA, budget: null }, { rounds: 1, stepMs: 1500 });
  const joined = federation.clients.map(client => joinAs(client, coordinator.port, client === 2 ? 1 : 0));
  await coordinator.done;
  await Promise.all(joined);
  expect(federation.log).toContain('c2: round 1: the round has noise of 0.5 clipping norms, it demands 1');
  expect(federation.log.some(line => /4 of 5 clients/.test(line))).toBe(true);
  await coordinator.close();
});

describe('a client does not count on noise that would not come', () => {
  const plan = { dropout: 0.25, corrupt: 0.2, neighbours: N - 1 };
  const privacy = { noise: 1, clip: 1, contributors: 1, most: N };
  const lattice = latticeOf(privacy, SIZE);
  const record = { ...makeCohort(N).record, plan, leastClients: 4, entries: lattice.padded, bits: lattice.bits };
  const check = (changed: Partial<typeof record>, about: Partial<typeof privacy> = {}, leastNoise = 0) =>
    checkedLattice({ ...record, ...changed }, { ...privacy, ...about }, { size: SIZE, leastNoise });

  test('of clients that may be lost, or work with the server', () => {
    expect(check({})).toEqual(lattice);
    // Four clients, of which one may be lost; one of the others may add nothing, and one is protected.
    expect(contributorsOf(record, { clients: N })).toBe(1);
    expect(() => check({}, { contributors: 2 })).toThrow('counts on the noise of 2 other clients, and 1 are certain');
    const two = { ...plan, corrupt: 0.4 };
    expect(() => check({ plan: two })).toThrow('counts on the noise of 1 other clients, and 0 are certain');
  });

  test('of a round with another modulus, fewer entries, or less noise than it demands', () => {
    expect(() => check({ bits: lattice.bits - 1 })).toThrow(/its noise takes 64 of/);
    expect(() => check({ entries: SIZE + 1 })).toThrow(/the round has 41 entries/);
    expect(() => check({}, {}, 1.5)).toThrow('the round has noise of 1 clipping norms, it demands 1.5');
  });
});
