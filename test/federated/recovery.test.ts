import { appendFileSync, existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal, type JournalEntry, readJournal } from '../../src/jobs/federated/coordinator/journal/node.ts';
import { readMessage } from '../../src/jobs/federated/coordinator/messages.ts';
import { planRound } from '../../src/jobs/federated/coordinator/running/node.ts';
import type { PlayedRound } from '../../src/jobs/federated/coordinator/serve/node.ts';
import { fromHex } from '../../src/jobs/federated/wire/bytes.ts';
import { makeCohort } from './cohort.ts';
import { N, SIZE, training, useFederation } from './federation.ts';

const federation = useFederation();

const entriesOf = async (path: string) => {
  const entries: JournalEntry[] = [];
  let whole = 0;
  for await (const { entry, end } of readJournal(path)) {
    entries.push(entry);
    whole = end;
  }
  return { entries, whole };
};

test('a journal is read to its last whole entry, and goes on behind it', async () => {
  const path = join(federation.folder, 'journal');
  expect(await entriesOf(path)).toEqual({ entries: [], whole: 0 });
  const round = { kind: 'round', record: makeCohort(N).record, invited: [0, 2, 4] } as const;
  const frame = (value: number) => ({ kind: 'frame', bytes: new Uint8Array(50).fill(value) }) as const;
  const first = await Journal.open(path, 0);
  for (const entry of [round, frame(1), { kind: 'advance' }, frame(2)] as const) await first.append(entry);
  await first.close();
  const { whole } = await entriesOf(path);
  // Killed while it wrote the last one.
  truncateSync(path, whole - 7);
  const torn = await entriesOf(path);
  expect(torn.entries).toEqual([round, frame(1), { kind: 'advance' }]);
  const again = await Journal.open(path, torn.whole);
  await again.append(frame(3));
  await again.close();
  const { entries, whole: end } = await entriesOf(path);
  expect(entries).toEqual([round, frame(1), { kind: 'advance' }, frame(3)]);
  // What a loss of power leaves is no entry.
  appendFileSync(path, new Uint8Array(100));
  expect(await entriesOf(path)).toEqual({ entries, whole: end });
});

test('a coordinator that is killed when a round is aborted goes on with the next one', async () => {
  const begun = await federation.start();
  await begun.close();
  const { record } = planRound({
    session: fromHex(begun.session),
    round: 1,
    roster: federation.roster,
    weights: new Float32Array(SIZE),
    training,
    privacy: null,
    plan: { dropout: 0.25, corrupt: 0, neighbours: N - 1 },
    leastClients: 3,
    invited: N,
  });
  const path = join(federation.folder, 'round-1.journal');
  const journal = await Journal.open(path, 0);
  await journal.append({ kind: 'round', record, invited: federation.clients });
  // Nobody has come.
  await journal.append({ kind: 'advance' });
  await journal.close();
  const rounds: PlayedRound[] = [];
  const coordinator = await federation.start({ onRound: round => void rounds.push(round) });
  const train = async () => ({ change: new Float32Array(SIZE), examples: 10 });
  for (const client of federation.clients)
    void federation.join(federation.participant(client, { train }), coordinator.port);
  await coordinator.done;
  expect(rounds).toMatchObject([
    { round: 1, invited: N, reason: expect.stringMatching(/round 1 is aborted: 0 clients have come/) },
    { round: 2, clients: N, reason: null },
  ]);
  await coordinator.close();
});

test('nothing of a round that is over stays, also where the coordinator was killed before it was removed', async () => {
  const coordinator = await federation.start({ rounds: 1 });
  const train = async () => ({ change: new Float32Array(SIZE), examples: 10 });
  for (const client of federation.clients)
    void federation.join(federation.participant(client, { train }), coordinator.port);
  await coordinator.done;
  await coordinator.close();
  for (const file of ['model-1.bin', 'round-1.journal']) writeFileSync(join(federation.folder, file), 'left');
  const again = await federation.start({ rounds: 1 });
  await again.done;
  await again.close();
  expect(readdirSync(federation.folder).sort()).toEqual(['federation.json', 'model-2.bin']);
});

test('a client whose connection breaks while it trains trains once, and ends the round', async () => {
  const [asked, trained] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let trainings = 0;
  const own = federation.participant(0, {
    train: async () => {
      trainings++;
      asked.resolve();
      await trained.promise;
      return { change: new Float32Array(SIZE), examples: 10 };
    },
  });
  const sent: string[] = [];
  const receive = own.receive.bind(own);
  own.receive = async message => {
    const answer = await receive(message);
    const header = answer === null ? null : readMessage(answer).header;
    if (header !== null) sent.push('step' in header ? header.step : header.kind);
    return answer;
  };
  const coordinator = await federation.start({ rounds: 1, stepMs: 20_000, trainMs: 20_000 });
  const train = async () => ({ change: new Float32Array(SIZE), examples: 10 });
  for (const client of [1, 2, 3, 4]) void federation.join(federation.participant(client, { train }), coordinator.port);
  const broken = new AbortController();
  void federation.join(own, coordinator.port, broken);
  await asked.promise;
  broken.abort();
  const joined = federation.join(own, coordinator.port);
  const here = () => federation.log.filter(line => line === 'client c0 is here').length;
  await expect.poll(here, { timeout: 10_000 }).toBe(2);
  // Time for the step to be asked for on the new connection.
  await new Promise(resolve => setTimeout(resolve, 200));
  trained.resolve();
  await coordinator.done;
  expect(await joined).toBe('all rounds are played');
  expect(trainings).toBe(1);
  expect(sent).not.toContain('decline');
  expect(sent.slice(-2)).toEqual(['confirm', 'unmask']);
  expect(existsSync(join(federation.folder, 'round-1.journal'))).toBe(false);
  await coordinator.close();
});
