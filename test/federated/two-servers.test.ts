import { expect, test } from 'vitest';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { MaskedSum, MaskHelper, splitVector } from '../../src/jobs/federated/secure/two-servers.ts';
import { makeCohort, sumOf, vectorOf } from './cohort.ts';

async function play(n: number) {
  const { roster, secrets, record } = makeCohort(n);
  const key = primitives.exchangeKey(primitives.randomBytes(32));
  const messages = await Promise.all(
    secrets.map((secret, client) =>
      splitVector(vectorOf(client, record.entries), { client, secret, record, helper: key.public, primitives }),
    ),
  );
  return {
    roster,
    key,
    record,
    messages,
    first: new MaskedSum({ roster, record, primitives }),
    second: new MaskHelper({ key, roster, primitives }),
  };
}

test('the sum is exact, whoever is lost', async () => {
  const { record, messages, first, second } = await play(6);
  for (const i of [0, 2, 3, 5]) first.receive(messages[i]!);
  const { sum, clients } = first.finish(await second.sumMasks(record, first.seeds));
  expect(clients).toEqual([0, 2, 3, 5]);
  expect(sum).toEqual(sumOf(clients, 17, 23));
});

test('the second server answers once, for enough clients, and for this round alone', async () => {
  const { record, messages, first, second } = await play(5);
  for (const message of messages) first.receive(message);
  const { seeds } = first;
  await expect(second.sumMasks(record, seeds.slice(0, 2))).rejects.toThrow(/cover 2 clients, expected 3 or more/);
  await expect(second.sumMasks(record, [seeds[0]!, seeds[0]!, seeds[1]!])).rejects.toThrow(/named twice/);
  await expect(second.sumMasks({ ...record, round: 9 }, seeds)).rejects.toThrow(
    /seed of client c0 is not signed by it/,
  );
  await expect(second.sumMasks({ ...record, roster: new Uint8Array(32) }, seeds)).rejects.toThrow(/another roster/);
  // Two requests at the same time are two requests.
  const [one, other] = await Promise.allSettled([
    second.sumMasks(record, seeds),
    second.sumMasks(record, seeds.slice(1)),
  ]);
  expect(one.status).toBe('fulfilled');
  expect(other).toMatchObject({ reason: { message: expect.stringMatching(/was answered before/) } });
});

test('the first server cannot put seeds of its own beside those of one client', async () => {
  const { record, roster, key, messages, first, second } = await play(5);
  for (const message of messages) first.receive(message);
  const [victim] = first.seeds;
  const stranger = primitives.randomBytes(32);
  const forged = await Promise.all(
    [1, 2].map(client =>
      splitVector(vectorOf(client, record.entries), {
        client,
        secret: stranger,
        record,
        helper: key.public,
        primitives,
      }),
    ),
  );
  const accomplice = new MaskedSum({
    roster: { members: roster.members.map(({ name }) => ({ name, key: primitives.signingKey(stranger).public })) },
    record,
    primitives,
  });
  for (const message of forged) accomplice.receive(message);
  await expect(second.sumMasks(record, [victim!, ...accomplice.seeds])).rejects.toThrow(
    /seed of client c1 is not signed by it/,
  );
});

test('the second server may demand more clients than the round does', async () => {
  const { record, roster, key, messages, first } = await play(5);
  for (const message of messages) first.receive(message);
  const second = new MaskHelper({ key, roster, primitives, leastClients: 6 });
  await expect(second.sumMasks(record, first.seeds)).rejects.toThrow(/cover 5 clients, expected 6 or more/);
});

test('the first server takes each client once, signed, and of this round', async () => {
  const { messages, first, roster, record } = await play(4);
  first.receive(messages[0]!);
  expect(() => first.receive(messages[0]!)).toThrow(/client c0 has sent its vector already/);
  const changed = messages[1]!.slice();
  changed[190]! ^= 1;
  expect(() => first.receive(changed)).toThrow(/the signature of client c1 does not fit/);
  const later = new MaskedSum({ roster, record: { ...record, round: 2 }, primitives });
  expect(() => later.receive(messages[1]!)).toThrow(/a message of another round/);
  expect(() => first.receive(messages[1]!.slice(0, 50))).toThrow(/ends before its signature/);
});
