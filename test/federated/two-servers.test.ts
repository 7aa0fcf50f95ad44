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
    record,
    messages,
    first: new MaskedSum({ roster, record, primitives }),
    second: new MaskHelper(key, primitives),
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
    /seed of client 0 was not sealed for this round/,
  );
  await second.sumMasks(record, seeds);
  await expect(second.sumMasks(record, seeds.slice(1))).rejects.toThrow(/was answered before/);
});

test('the first server takes each client once, signed, and of this round', async () => {
  const { messages, first, roster, record } = await play(4);
  first.receive(messages[0]!);
  expect(() => first.receive(messages[0]!)).toThrow(/client c0 has sent its vector already/);
  const changed = messages[1]!.slice();
  changed[200]! ^= 1;
  expect(() => first.receive(changed)).toThrow(/the signature of client c1 does not fit/);
  const later = new MaskedSum({ roster, record: { ...record, round: 2 }, primitives });
  expect(() => later.receive(messages[1]!)).toThrow(/a message of another round/);
  expect(() => first.receive(messages[1]!.slice(0, 50))).toThrow(/ends before its signature/);
});
