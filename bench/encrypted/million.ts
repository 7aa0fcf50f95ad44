import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { leastOf, rows, wallSeconds } from './timing.ts';

// A process of its own, with biolens as it is installed: DIMENSION. A million templates in memory, searched by two workers and decrypted.

const built = new URL('../../dist/jobs/templates/encrypted/', import.meta.url);
const load = async <T>(file: string): Promise<T> => import(new URL(file, built).href);
const { AdditiveHolder, DEGREE, ephemeralLedger, planAdditive } =
  await load<typeof import('../../src/jobs/templates/encrypted/additive/index.ts')>('additive/index.js');
const { AdditivePool } =
  await load<typeof import('../../src/jobs/templates/encrypted/additive/node.ts')>('additive/node.js');
const { quantiseRows } = await load<typeof import('../../src/jobs/templates/encrypted/index.ts')>('index.js');

/** Memory is measured without what this measurement itself left behind. */
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const MILLION = 1_000_000;
const dimension = Number(process.argv[2]);
const plan = planAdditive({ dimension });
const blocks = Math.ceil(MILLION / DEGREE);
const keys = { master: new Uint8Array(32).fill(1), seed: new Uint8Array(32).fill(2) };
const holder = await AdditiveHolder.open(plan, keys, ephemeralLedger());
// One block is encrypted, and stands for the others: neither time nor memory depends on the words.
const encrypted = await holder.encrypt(quantiseRows(rows(DEGREE, dimension, 1), plan.scale, 'gallery'));
collectGarbage();
const before = process.memoryUsage.rss();
await using server = await AdditivePool.open(plan, { blocks, workers: 2, probes: 1 });
for (let block = 0; block < blocks; block++)
  for (const { slot, words } of encrypted) server.put({ slot: { block, index: slot.index }, words });
const probe = quantiseRows(rows(1, dimension, 2), plan.scale, 'probe');
const [sums, scores] = [new Int32Array(blocks * DEGREE), new Int32Array(DEGREE)];
const whole = async (): Promise<void> => {
  await server.match(probe, [sums]);
  const prepared = holder.prepare(probe);
  for (let b = 0; b < blocks; b++)
    await holder.decrypt(prepared, b, sums.subarray(b * DEGREE, (b + 1) * DEGREE), scores);
};
await whole();
const best = await leastOf(5, { whole }, wallSeconds);
collectGarbage();
const bytes = process.memoryUsage.rss() - before;
console.log(JSON.stringify({ whole: best.whole, memory: bytes / (4 * dimension * MILLION) }));
