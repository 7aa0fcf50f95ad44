import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import {
  AdditiveGallery,
  AdditiveHolder,
  type AdditivePlan,
  DEGREE,
  ephemeralLedger,
  planAdditive,
} from '../../src/jobs/templates/encrypted/additive/index.ts';
import { AdditivePool, openKernel } from '../../src/jobs/templates/encrypted/additive/node.ts';
import { quantiseRows } from '../../src/jobs/templates/encrypted/index.ts';
import { leastOf, processorSeconds, rows, wallSeconds } from './timing.ts';

const BLOCKS = 32;
const TURNS = 9;
/** Turns by the clock: whoever else uses the machine's memory slows two workers more than one, and must be away for both once. */
const CLOCK_TURNS = 40;

const openHolder = (plan: AdditivePlan): Promise<AdditiveHolder> =>
  AdditiveHolder.open(
    plan,
    { master: new Uint8Array(32).fill(1), seed: new Uint8Array(32).fill(2) },
    ephemeralLedger(),
  );

/** Decrypts the sums of all blocks, as the client does. */
async function decryptAll(holder: AdditiveHolder, probe: Int16Array, sums: Int32Array): Promise<void> {
  const prepared = holder.prepare(probe);
  for (let b = 0; b < sums.length / DEGREE; b++)
    await holder.decrypt(prepared, b, sums.subarray(b * DEGREE, (b + 1) * DEGREE));
}

/** Processor seconds a template, one thread, 65,536 templates: the server's part, with decryption, the same product in the clear; and enrolment. */
export async function additiveOneThread(dimension: number) {
  const plan = planAdditive({ dimension });
  const holder = await openHolder(plan);
  const words = BLOCKS * dimension * DEGREE;
  const open = () => openKernel(words, { scratchBytes: BLOCKS * DEGREE * 4 + 8192 });
  const [kernel, clearKernel] = [await open(), await open()];
  const [server, clear] = [new AdditiveGallery(plan, kernel), new AdditiveGallery(plan, clearKernel)];
  const templates = quantiseRows(rows(DEGREE, dimension, 1), plan.scale, 'gallery');
  const before = processorSeconds();
  const encrypted = await holder.encrypt(templates);
  const enrolment = (processorSeconds() - before) / DEGREE;
  // One block is encrypted, and stands for the others: the time does not depend on the words.
  for (const one of encrypted) server.put(one);
  const block = kernel.words.slice(0, dimension * DEGREE);
  for (let b = 1; b < BLOCKS; b++) kernel.words.set(block, b * block.length);
  // As a gallery of whole numbers in the clear would have them.
  for (let i = 0; i < words; i++) clearKernel.words[i] = (i % 101) - 50;
  const probe = quantiseRows(rows(1, dimension, 2), plan.scale, 'probe');
  // Secrets of the blocks are kept transformed after the first search.
  await decryptAll(holder, probe, server.match(probe)[0]!);
  const best = await leastOf(TURNS, {
    clear: () => clear.match(probe),
    server: () => server.match(probe),
    whole: async () => decryptAll(holder, probe, server.match(probe)[0]!),
  });
  const n = BLOCKS * DEGREE;
  return { clear: best.clear / n, server: best.server / n, whole: best.whole / n, enrolment };
}

/** Words of the gallery that one worker and two search: 128 MiB, which no cache holds. */
const SPEED_UP_WORDS = 2 ** 25;

/** How many times as fast two workers are as one, by the clock on the wall. */
export async function additiveSpeedUp(dimension: number): Promise<number> {
  const plan = planAdditive({ dimension });
  const blocks = SPEED_UP_WORDS / (dimension * DEGREE);
  await using one = await AdditivePool.open(plan, { blocks, workers: 1 });
  await using two = await AdditivePool.open(plan, { blocks, workers: 2 });
  // Memory that nothing was written to is one page of zeros.
  const words = Int32Array.from({ length: dimension }, (_, j) => Math.imul(j + 1, 0x9e3779b1));
  for (let block = 0; block < blocks; block++)
    for (let index = 0; index < DEGREE; index++)
      for (const pool of [one, two]) pool.put({ slot: { block, index }, words });
  const probes = quantiseRows(rows(8, dimension, 2), plan.scale, 'probes');
  const into = Array.from({ length: 8 }, () => new Int32Array(blocks * DEGREE));
  const works = { one: () => one.match(probes, into), two: () => two.match(probes, into) };
  const best = await leastOf(CLOCK_TURNS, works, wallSeconds);
  return best.one / best.two;
}

const millionSchema = z.object({ whole: z.number(), memory: z.number() });

/** A million templates in memory: seconds to search and decrypt them with two workers, and bytes beside 4·d·n. */
export function additiveMillion(dimension: number) {
  const script = join(import.meta.dirname, 'million.ts');
  return millionSchema.parse(
    JSON.parse(execFileSync(process.execPath, [script, `${dimension}`], { encoding: 'utf8' })),
  );
}
