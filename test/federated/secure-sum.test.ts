import { describe, expect, test } from 'vitest';
import { SecureClient } from '../../src/jobs/federated/secure/client.ts';
import { STEPS } from '../../src/jobs/federated/secure/frames.ts';
import { nodePrimitives } from '../../src/jobs/federated/secure/node.ts';
import { browserPrimitives } from '../../src/jobs/federated/secure/primitives.ts';
import { type Lost, runSecureRound } from '../../src/jobs/federated/secure/round.ts';
import { SecureServer } from '../../src/jobs/federated/secure/server.ts';
import { type Cohort, makeCohort, sumOf, survivorsOf, vectorOf } from './cohort.ts';
import { tryLosses } from './losses.ts';

const primitives = nodePrimitives;

function play({ roster, secrets, record }: Cohort, lost: readonly Lost[] = []) {
  const clients = secrets.map((secret, client) => ({
    client,
    secret,
    vector: () => vectorOf(client, record.entries),
    lost: lost[client] ?? null,
  }));
  return runSecureRound({ roster, record, clients, primitives });
}

test('the sum of all vectors is exact, and no client is missed', async () => {
  const cohort = makeCohort(7);
  const { sum, clients, faults } = await play(cohort);
  expect(clients).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(faults).toEqual([]);
  expect(sum).toEqual(sumOf(clients, 17, 23));
});

test('node’s and the browser’s primitives work in one round', async () => {
  const { roster, secrets, record } = makeCohort(5, { entries: 3 });
  // Every other client computes in JavaScript; the server by OpenSSL.
  const mixed = (client: number) => (client % 2 === 0 ? primitives : browserPrimitives);
  const clients = secrets.map((secret, client) => ({ client, secret, vector: () => vectorOf(client, 3) }));
  const server = new SecureServer({ roster, record, invited: [0, 1, 2, 3, 4], primitives });
  const parties = clients.map(
    ({ client, secret }) =>
      new SecureClient({ client, secret, roster, record, model: record.model, primitives: mixed(client) }),
  );
  for (const party of parties) server.receive(party.commit());
  let next = server.advance();
  for (const [i, party] of parties.entries()) server.receive(party.showKeys(next.get(i)!));
  next = server.advance();
  for (const [i, party] of parties.entries()) server.receive(await party.shareSecrets(next.get(i)!));
  next = server.advance();
  for (const [i, party] of parties.entries())
    server.receive(await party.maskVector(next.get(i)!, clients[i]!.vector()));
  next = server.advance();
  for (const [i, party] of parties.entries()) server.receive(party.confirmSurvivors(next.get(i)!));
  next = server.advance();
  for (const [i, party] of parties.entries()) server.receive(party.unmask(next.get(i)!));
  server.advance();
  expect((await server.finish()).sum).toEqual(sumOf([0, 1, 2, 3, 4], 3, 23));
});

describe.each(STEPS)('clients lost before they send "%s"', step => {
  test('two neighbours: the sum of the others, or of all whose vectors came', async () => {
    const lost: Lost[] = [null, step, step];
    const { sum, clients } = await play(makeCohort(10), lost);
    expect(clients).toEqual(survivorsOf(10, lost));
    expect(sum).toEqual(sumOf(clients, 17, 23));
  });

  test('too many: the round is aborted, and says how many were needed', async () => {
    const lost: Lost[] = Array.from({ length: 10 }, (_, i) => (i < 8 ? step : null));
    await expect(play(makeCohort(10), lost)).rejects.toThrow(/round 1 is aborted: \d+ .*needed/);
  });
});

test('16 trials of losses of 0-40 % in all, at every boundary, give the exact sum or an abort', async () => {
  const { summed, aborted } = await tryLosses(16, { seed: 11, most: 11 });
  expect(summed).toBeGreaterThan(4);
  expect(aborted).toBeGreaterThan(0);
});

test('masked vectors look uniform, and one client’s vector in two rounds has different masks', async () => {
  const seen: Uint8Array[] = [];
  for (const round of [1, 2]) {
    const { roster, secrets, record } = makeCohort(4, { round, entries: 20_000, bits: 16 });
    const clients = secrets.map((secret, client) => ({ client, secret, vector: () => new Uint32Array(20_000) }));
    await runSecureRound({
      roster,
      record,
      clients,
      primitives,
      onWay: ({ step, client, to, bytes }) => {
        if (step === 'vector' && to === 'server' && client === 1) seen.push(bytes.slice(41, 41 + 40_000));
        return bytes;
      },
    });
  }
  const [first, second] = seen;
  expect(first).not.toEqual(second);
  // χ² of 256 byte values, 255 degrees of freedom: above 340 with probability 3e-4, for zeros that are masked.
  for (const bytes of [first!, second!]) {
    const counts = new Float64Array(256);
    for (const byte of bytes) counts[byte]!++;
    const expected = bytes.length / 256;
    const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(340);
  }
});
