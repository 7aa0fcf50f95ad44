/**
 * One round of secure aggregation in this process, in CPU seconds: `node bench/secagg-ours.ts CLIENTS ENTRIES NEIGHBOURS DROPPED`. The last so
 * many clients are lost after the shares, before they send their vectors: the most expensive moment.
 */

import { BiolensError } from '../src/ground/errors.ts';
import { type RoundRecord, rosterDigest, SecureClient, SecureServer } from '../src/jobs/federated/index.ts';
import { nodePrimitives as primitives } from '../src/jobs/federated/node.ts';

const [n = 100, entries = 1_000_000, neighbours = 99, dropped = 0] = process.argv.slice(2).map(Number);
const secrets = Array.from({ length: n }, () => primitives.randomBytes(32));
const roster = { members: secrets.map((secret, i) => ({ name: `${i}`, key: primitives.signingKey(secret).public })) };
const record: RoundRecord = {
  session: primitives.randomBytes(32),
  round: 1,
  roster: rosterDigest(roster, primitives),
  model: new Uint8Array(32),
  entries,
  // 16 bits of 100 clients.
  bits: Math.ceil(16 + Math.log2(n)),
  plan: { dropout: 0.35, corrupt: 0, neighbours },
  leastClients: 3,
  about: new Uint8Array(),
};
const spent = { client: 0, server: 0 };
const clientSeconds = new Float64Array(n);

async function timed<T>(work: () => T | Promise<T>, add: (seconds: number) => void): Promise<T> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  add((user + system) / 1e6);
  return result;
}
const onServer = <T>(work: () => T | Promise<T>) =>
  timed(work, seconds => {
    spent.server += seconds;
  });

const policy = { leastClients: 3, leastSum: 1 };
const server = await onServer(() => new SecureServer({ roster, record, invited: [...secrets.keys()], primitives }));
const parties = new Map<number, SecureClient>();
const vector = Uint32Array.from({ length: entries }, (_, i) => (i * 2654435761) & 0xffff);
let upload = 0;

async function step(answer: (client: number) => Uint8Array | Promise<Uint8Array>, from: readonly number[]) {
  for (const client of from) {
    const bytes = await timed(
      () => answer(client),
      seconds => {
        clientSeconds[client]! += seconds;
      },
    );
    if (client === 0) upload += bytes.length;
    await onServer(() => server.receive(bytes));
  }
  return await onServer(() => server.advance());
}

/** With few neighbours a round may be aborted: said as such, so that it can be counted. */
function say(error: unknown): never {
  if (!(error instanceof BiolensError) || error.code === 'usage') throw error;
  console.log(JSON.stringify({ aborted: error.message }));
  process.exit();
}

const all = [...secrets.keys()];
const alive = all.slice(0, n - dropped);
let next = await step(client => {
  const options = { client, secret: secrets[client]!, roster, record, model: record.model, primitives, policy };
  parties.set(client, new SecureClient(options));
  return parties.get(client)!.commit();
}, all);
next = await step(client => parties.get(client)!.showKeys(next.get(client)!), all);
next = await step(client => parties.get(client)!.shareSecrets(next.get(client)!), all);
next = await step(client => parties.get(client)!.maskVector(next.get(client)!, vector), alive);
next = await step(client => parties.get(client)!.confirmSurvivors(next.get(client)!), alive).catch(say);
await step(client => parties.get(client)!.unmask(next.get(client)!), alive);
const { sum, clients } = await onServer(() => server.finish());
const last = entries - 1;
const expected = (vector[last]! * clients.length) % 2 ** record.bits;
if (sum[last] !== expected) throw new Error('the sum is wrong');
const sorted = [...clientSeconds.subarray(0, n - dropped)].sort((a, b) => a - b);
console.log(
  JSON.stringify({ client: sorted[Math.floor(sorted.length / 2)], server: spent.server, upload, version: 'biolens' }),
);
