import { beforeAll, describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { SecureClient } from '../../src/jobs/federated/secure/client.ts';
import {
  openToClient,
  readCommitments,
  readDelivered,
  readKeys,
  readSurvivors,
  STEPS,
  type Step,
  type Survivors,
  writeCommitments,
  writeConfirmations,
  writeDelivered,
  writeKeys,
  writeSurvivors,
  writeToClient,
} from '../../src/jobs/federated/secure/frames.ts';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { contextOf, type RoundRecord } from '../../src/jobs/federated/secure/record.ts';
import { SecureServer } from '../../src/jobs/federated/secure/server.ts';
import { type Cohort, makeCohort, vectorOf } from './cohort.ts';

const N = 6;

/** A round up to a step, with the message that an honest server would send to each client next. */
class Stage {
  readonly cohort: Cohort;
  readonly context: Uint8Array;
  readonly parties: SecureClient[];
  readonly server: SecureServer;
  next = new Map<number, Uint8Array>();

  constructor(cohort: Cohort, { records = () => cohort.record }: { records?: (client: number) => RoundRecord } = {}) {
    const { roster, record, secrets } = cohort;
    this.cohort = cohort;
    this.context = contextOf(record, primitives);
    this.server = new SecureServer({ roster, record, invited: secrets.map((_, i) => i), primitives });
    this.parties = secrets.map((secret, client) => {
      const own = records(client);
      return new SecureClient({ client, secret, roster, record: own, model: own.model, primitives });
    });
  }

  async play(step: Step, client: number, message = this.next.get(client)!): Promise<Uint8Array> {
    const party = this.parties[client]!;
    switch (step) {
      case 'commit':
        return party.commit();
      case 'keys':
        return party.showKeys(message);
      case 'shares':
        return party.shareSecrets(message);
      case 'vector':
        return party.maskVector(message, vectorOf(client, this.cohort.record.entries));
      case 'confirm':
        return party.confirmSurvivors(message);
      case 'unmask':
        return party.unmask(message);
    }
  }

  /** Plays honestly until clients are asked for a step. */
  async until(step: Step, lost: Partial<Record<number, Step>> = {}): Promise<this> {
    const gone = new Set<number>();
    for (const now of STEPS.slice(0, STEPS.indexOf(step))) {
      for (const client of this.parties.keys()) {
        if (lost[client] === now) gone.add(client);
        if (!gone.has(client)) this.server.receive(await this.play(now, client));
      }
      this.next = this.server.advance();
    }
    return this;
  }
}

const copy = (bytes: Uint8Array) => bytes.slice();
const flip = (bytes: Uint8Array, at = 3) => {
  const changed = copy(bytes);
  changed[at]! ^= 1;
  return changed;
};

/** What a client says when it refuses; its later answers are refused too. */
async function refusalOf(stage: Stage, step: Step, message: Uint8Array, client = 0): Promise<string> {
  const error: unknown = await stage.play(step, client, message).then(
    () => null,
    thrown => thrown,
  );
  if (!(error instanceof BiolensError)) throw new Error(`client ${client} did not refuse`);
  expect(error.code).toBe('input');
  expect(error.message).toMatch(/^client c\d leaves round 1: /);
  expect(stage.parties[client]!.next).toBe('over');
  await expect(stage.play('unmask', client)).rejects.toThrow(/after it had left/);
  return `${error.details.refusal}: ${error.message}`;
}

const stageAt = (step: Step, lost: Partial<Record<number, Step>> = {}, given: Partial<RoundRecord> = {}) =>
  new Stage(makeCohort(N, given)).until(step, lost);

describe('a server that shows clients of its own making', () => {
  let stage: Stage;
  let list: ReturnType<typeof readCommitments>;
  beforeAll(async () => {
    stage = await stageAt('keys');
    list = readCommitments(openToClient('keys', stage.context, stage.next.get(0)!));
  });
  const show = (changed: typeof list, client: number) =>
    refusalOf(stage, 'keys', writeToClient('keys', stage.context, writeCommitments(changed)), client);

  test('a cohort shrunk to one', async () => {
    expect(await show([list[0]!], 0)).toMatch(/cohort: .*shows 1 clients, the round needs 3/);
  });
  test('more clients than there are: one twice', async () => {
    expect(await show([...list.slice(0, 3), list[2]!, ...list.slice(3)], 1)).toMatch(/named twice/);
  });
  test('a client that is not in the roster', async () => {
    expect(await show([...list, { ...list[0]!, client: 99 }], 2)).toMatch(/roster: .*client 99 is not in the roster/);
  });
  test('a commitment that its client has not signed', async () => {
    const forged = list.map(one => (one.client === 2 ? { ...one, keys: flip(one.keys) } : one));
    expect(await show(forged, 3)).toMatch(/signature: .*client c2 is not signed by it/);
  });
  test('a client’s own commitment replaced', async () => {
    expect(
      await show(
        list.filter(({ client }) => client !== 4),
        4,
      ),
    ).toMatch(/own: .*left out or replaced/);
  });
});

describe('a server that tells clients different things', () => {
  const other = (given: Partial<RoundRecord>) => {
    const cohort = makeCohort(N);
    return new Stage(cohort, { records: client => (client === 1 ? { ...cohort.record, ...given } : cohort.record) });
  };
  /** Commitments as a server shows them that has told client 1 of another round. */
  async function mixed(stage: Stage): Promise<Uint8Array> {
    const frames = await Promise.all(stage.parties.map((_, client) => stage.play('commit', client)));
    // A frame: 5 bytes, the context, the client's number, model and keys, the signature.
    const list = frames.map((bytes, client) => ({
      client,
      context: bytes.slice(5, 37),
      model: bytes.slice(41, 73),
      keys: bytes.slice(73, 105),
      signature: bytes.slice(105),
    }));
    return writeToClient('keys', stage.context, writeCommitments(list));
  }

  test('another model for one of them: every other one names it', async () => {
    const stage = other({ model: new Uint8Array(32).fill(1) });
    expect(await refusalOf(stage, 'keys', await mixed(stage))).toMatch(
      /model: .*client c1 was sent another model \(010101010101\) than this client \(090909090909\)/,
    );
  });
  test('another round, another modulus', async () => {
    const later = other({ round: 2 });
    expect(await refusalOf(later, 'keys', await mixed(later))).toMatch(/record: .*client c1 was told of another round/);
    const wider = other({ bits: 24 });
    expect(await refusalOf(wider, 'keys', await mixed(wider))).toMatch(/record: .*another round/);
  });
  test('a model that is not the one that the round names', () => {
    const { roster, secrets, record } = makeCohort(N);
    const options = { client: 0, secret: secrets[0]!, roster, record, primitives };
    expect(() => new SecureClient({ ...options, model: new Uint8Array(32) })).toThrow(/the model that it was sent/);
    expect(() => new SecureClient({ ...options, model: record.model, record: { ...record, leastClients: 1 } })).toThrow(
      /may have 1 clients, it demands 3/,
    );
  });
  test('different survivors', async () => {
    const stage = await stageAt('confirm');
    const all = readSurvivors(openToClient('confirm', stage.context, stage.next.get(0)!));
    const less: Survivors = { alive: all.alive.filter(client => client !== 5), lost: [5] };
    const message = writeToClient('confirm', stage.context, writeSurvivors(less));
    // Half of the clients are told that client 5 is lost; its keys would be opened beside its seed.
    const signatures = await Promise.all(
      [0, 1, 2, 3, 4].map(async client => {
        const bytes = await stage.play('confirm', client, client < 3 ? message : stage.next.get(client)!);
        return { client, signature: bytes.slice(-64) };
      }),
    );
    const asked = writeToClient('unmask', stage.context, writeConfirmations(signatures));
    expect(await refusalOf(stage, 'unmask', asked, 0)).toMatch(/survivors: .*client c\d has not signed the survivors/);
    // Leaving those out that signed the other list leaves too few.
    const own = writeToClient('unmask', stage.context, writeConfirmations(signatures.slice(0, 3)));
    expect(await refusalOf(stage, 'unmask', own, 1)).toMatch(/survivors: .*2 of its neighbours have signed.*demands 3/);
  });
});

describe('a server that replaces or replays', () => {
  test('keys: of another client, of the same one twice, unknown', async () => {
    const stage = await stageAt('shares');
    const list = readKeys(openToClient('shares', stage.context, stage.next.get(0)!));
    const show = (changed: typeof list, client: number) =>
      refusalOf(stage, 'shares', writeToClient('shares', stage.context, writeKeys(changed)), client);
    const swapped = list.map(keys => (keys.client === 1 ? { ...keys, masking: list[2]!.masking } : keys));
    expect(await show(swapped, 0)).toMatch(/keys: .*client c1 are not those that it is bound to/);
    expect(await show([list[0]!, list[1]!, list[2]!], 1)).toMatch(/cohort: .*3 of 6 clients are left, it demands 5/);
    expect(
      await show(
        list.filter(({ client }) => client !== 2),
        2,
      ),
    ).toMatch(/own: /);
  });
  test('ciphertexts: changed, of another pair, withheld', async () => {
    const stage = await stageAt('vector');
    const read = (client: number) => readDelivered(openToClient('vector', stage.context, stage.next.get(client)!));
    const show = (list: ReturnType<typeof read>, client: number) =>
      refusalOf(stage, 'vector', writeToClient('vector', stage.context, writeDelivered(list)), client);
    const first = read(0);
    expect(
      await show(
        first.map((one, i) => (i === 0 ? { ...one, sealed: flip(one.sealed) } : one)),
        0,
      ),
    ).toMatch(/shares: .*client c1 were not sealed for this client in this round/);
    expect(await show(read(2), 1)).toMatch(/not sealed for this client|none of its neighbours/);
    expect(await show(read(3).slice(0, 1), 3)).toMatch(/cohort: 1 of its neighbours are left|cohort: .*1 of its/);
  });
  test('a round: the messages of one before are not taken', async () => {
    const before = await stageAt('keys');
    const cohort = { ...before.cohort, record: { ...before.cohort.record, round: 2 } };
    const stage = await new Stage(cohort).until('keys');
    await expect(stage.play('keys', 0, before.next.get(0)!)).rejects.toThrow(/a message of another round/);
  });
  test('a step: asked again, or out of order', async () => {
    const stage = await stageAt('vector');
    await stage.play('vector', 0);
    await expect(stage.play('vector', 0)).rejects.toThrow(/asked for "vector", expected "confirm"/);
    const early = await stageAt('keys');
    await expect(early.play('unmask', 0, early.next.get(0)!)).rejects.toThrow(/asked for "unmask", expected "keys"/);
  });
});

describe('a server that asks for both kinds of share of one client', () => {
  test('in one message: alive and lost', async () => {
    const stage = await stageAt('confirm');
    const { alive } = readSurvivors(openToClient('confirm', stage.context, stage.next.get(0)!));
    const both = writeToClient('confirm', stage.context, writeSurvivors({ alive, lost: [5] }));
    expect(await refusalOf(stage, 'confirm', both)).toMatch(
      /both-kinds: .*client c5 is said to be alive and to be lost/,
    );
  });
  test('in two messages: other survivors after the first', async () => {
    const stage = await stageAt('confirm');
    const { alive } = readSurvivors(openToClient('confirm', stage.context, stage.next.get(0)!));
    await stage.play('confirm', 0);
    const less = { alive: alive.filter(client => client !== 5), lost: [5] };
    const again = writeToClient('confirm', stage.context, writeSurvivors(less));
    await expect(stage.play('confirm', 0, again)).rejects.toThrow(/asked for "confirm", expected "unmask"/);
  });
  test('in two messages: unmasking twice', async () => {
    const stage = await stageAt('unmask');
    await stage.play('unmask', 0);
    await expect(stage.play('unmask', 0)).rejects.toThrow(/after it had left or finished/);
  });
});

test('a server that calls itself or too many lost, or hides a neighbour', async () => {
  const stage = await stageAt('confirm');
  const { alive } = readSurvivors(openToClient('confirm', stage.context, stage.next.get(0)!));
  const say = (survivors: Survivors, client: number) =>
    refusalOf(stage, 'confirm', writeToClient('confirm', stage.context, writeSurvivors(survivors)), client);
  expect(await say({ alive: alive.slice(1), lost: [0] }, 0)).toMatch(/own: .*its vector has not come/);
  expect(await say({ alive: alive.slice(0, 2), lost: alive.slice(2) }, 1)).toMatch(/cohort: .*cover 2 of 6/);
  expect(await say({ alive: alive.slice(0, 5), lost: [] }, 2)).toMatch(/survivors: .*neither alive nor lost/);
});

test('what it learns of a lost client is no vector: its own mask stays on', async () => {
  const stage = await stageAt('unmask', { 5: 'vector' });
  for (const client of [0, 1, 2, 3, 4]) stage.server.receive(await stage.play('unmask', client));
  stage.server.advance();
  expect((await stage.server.finish()).clients).toEqual([0, 1, 2, 3, 4]);
});
