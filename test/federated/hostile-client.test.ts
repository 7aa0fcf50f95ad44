import { expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import { SecureClient } from '../../src/jobs/federated/secure/client.ts';
import { STEPS, type Step, writeFromClient } from '../../src/jobs/federated/secure/frames.ts';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { contextOf } from '../../src/jobs/federated/secure/record.ts';
import { runSecureRound } from '../../src/jobs/federated/secure/round.ts';
import { SecureServer } from '../../src/jobs/federated/secure/server.ts';
import { makeCohort, sumOf, vectorOf } from './cohort.ts';

const N = 7;

type OnWay = NonNullable<Parameters<typeof runSecureRound>[0]['onWay']>;

function play(onWay: OnWay) {
  const { roster, secrets, record } = makeCohort(N);
  const clients = secrets.map((secret, client) => ({ client, secret, vector: () => vectorOf(client, record.entries) }));
  return runSecureRound({ roster, record, clients, primitives, onWay });
}

/** A byte changed, a piece cut off, added, or repeated. */
function mutate(bytes: Uint8Array, stream: RandomStream): Uint8Array {
  const kind = stream.integer(4);
  const at = stream.integer(Math.max(1, bytes.length));
  const past = at + 1;
  if (kind === 0 || bytes.length === 0) return Uint8Array.of(...bytes, stream.integer(256));
  if (kind === 1) return bytes.slice(0, at);
  if (kind === 2) return Uint8Array.from([...bytes.slice(0, past), ...bytes.slice(past >> 1)]);
  const changed = bytes.slice();
  changed[at] = changed[at]! ^ (1 + stream.integer(255));
  return changed;
}

test.each(STEPS)(
  'a client whose "%s" is changed on its way is set aside by name, and the others are summed',
  async step => {
    const { sum, clients, faults } = await play(({ step: now, client, to, bytes }) => {
      if (now !== step || client !== 3 || to !== 'server') return bytes;
      const changed = bytes.slice();
      changed[changed.length - 80]! ^= 4;
      return changed;
    });
    const expected = [0, 1, 2, ...(['confirm', 'unmask'].includes(step) ? [3] : []), 4, 5, 6];
    expect(clients).toEqual(expected);
    expect(sum).toEqual(sumOf(expected, 17, 23));
    expect(faults[0]).toMatch(/client 3: its signature does not fit/);
  },
);

test('what one client sends in the name of another, twice, late or uninvited is not taken', async () => {
  const { roster, secrets, record } = makeCohort(N);
  const parties = secrets.map(
    (secret, client) => new SecureClient({ client, secret, roster, record, model: record.model, primitives }),
  );
  const server = new SecureServer({ roster, record, invited: [0, 1, 2, 3, 4, 5], primitives });
  const [first, ...others] = parties.map(party => party.commit());
  server.receive(first!);
  expect(() => server.receive(first!)).toThrow(/client c0: it has answered "commit" already/);
  expect(() => server.receive(others[5]!)).toThrow(/client c6: it is not asked for "commit"/);
  const stolen = others[0]!.slice();
  stolen[37] = 4;
  expect(() => server.receive(stolen)).toThrow(/client 4: its signature does not fit/);
  for (const bytes of others.slice(0, 4)) server.receive(bytes);
  expect(server.awaited).toEqual([5]);
  const next = server.advance();
  expect(() => server.receive(others[4]!)).toThrow(/message "commit" from a client, expected "keys" from a client/);
  const keys = parties[0]!.showKeys(next.get(0)!);
  keys[37] = 200;
  expect(() => server.receive(keys)).toThrow(/client 200 is not in the roster/);
  expect(server.faults).toHaveLength(2);
});

test('a survivor that opens a changed share is found out, and the others’ shares suffice', async () => {
  const { roster, secrets, record } = makeCohort(N);
  const parties = secrets.map(
    (secret, client) => new SecureClient({ client, secret, roster, record, model: record.model, primitives }),
  );
  const server = new SecureServer({ roster, record, invited: [...secrets.keys()], primitives });
  const all = async (answer: (party: SecureClient, client: number) => Uint8Array | Promise<Uint8Array>) => {
    for (const [client, party] of parties.entries()) server.receive(await answer(party, client));
    return server.advance();
  };
  let next = await all(party => party.commit());
  next = await all((party, client) => party.showKeys(next.get(client)!));
  next = await all((party, client) => party.shareSecrets(next.get(client)!));
  next = await all((party, client) => party.maskVector(next.get(client)!, vectorOf(client, 17)));
  next = await all((party, client) => party.confirmSurvivors(next.get(client)!));
  for (const [client, party] of parties.entries()) {
    const bytes = party.unmask(next.get(client)!);
    if (client !== 2) server.receive(bytes);
    else {
      // Signed anew, as a client does that lies.
      const body = bytes.slice(41, -64);
      body[20]! ^= 1;
      const context = contextOf(record, primitives);
      const lie = writeFromClient('unmask', { context, signer: { client, secret: secrets[2]! }, body, primitives });
      expect(() => server.receive(lie)).toThrow(/client c2: its share of client \d is not the one that it was given/);
    }
  }
  server.advance();
  const { sum, clients } = await server.finish();
  expect(sum).toEqual(sumOf(clients, 17, 23));
});

/** Messages mutated at both doors: a refusal in words, whatever comes. */
async function fuzz(rounds: number, seed: number): Promise<number> {
  const stream = openStream(randomKey(seed));
  let mutated = 0;
  for (let round = 0; round < rounds; round++) {
    const { roster, secrets, record } = makeCohort(4);
    const server = new SecureServer({ roster, record, invited: [0, 1, 2, 3], primitives });
    const parties = secrets.map(
      (secret, client) => new SecureClient({ client, secret, roster, record, model: record.model, primitives }),
    );
    const answers: Record<Step, (party: SecureClient, message: Uint8Array) => Uint8Array | Promise<Uint8Array>> = {
      commit: party => party.commit(),
      keys: (party, message) => party.showKeys(message),
      shares: (party, message) => party.shareSecrets(message),
      vector: (party, message) => party.maskVector(message, vectorOf(0, 17)),
      confirm: (party, message) => party.confirmSurvivors(message),
      unmask: (party, message) => party.unmask(message),
    };
    const stop = STEPS[1 + stream.integer(STEPS.length - 1)]!;
    let next = new Map<number, Uint8Array>();
    for (const step of STEPS) {
      const last = step === stop;
      for (const [client, party] of parties.entries()) {
        const sent = next.get(client) ?? new Uint8Array();
        if (last) {
          mutated++;
          await (async () => answers[step](party, mutate(sent, stream)))().catch(expectRefusal);
          continue;
        }
        const bytes = await answers[step](party, sent);
        for (let i = 0; i < 12; i++) {
          mutated++;
          try {
            server.receive(mutate(bytes, stream));
            expect.unreachable('a changed message was taken');
          } catch (error) {
            expectRefusal(error);
          }
        }
        server.receive(bytes);
      }
      if (last) break;
      next = server.advance();
    }
  }
  return mutated;
}

function expectRefusal(error: unknown): void {
  if (!(error instanceof BiolensError)) throw error;
  expect(error.code).toBe('input');
  expect(error.message).not.toContain('\n');
}

test('1,000 changed messages at both doors are refused in words', async () => {
  expect(await fuzz(9, 3)).toBeGreaterThan(1000);
});
