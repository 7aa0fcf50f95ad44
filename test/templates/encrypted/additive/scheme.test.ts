import { describe, expect, test } from 'vitest';
import { row } from '../../../../src/ground/math/index.ts';
import {
  AdditiveGallery,
  AdditiveHolder,
  type AdditiveKernel,
  DEGREE,
  ephemeralLedger,
  plainKernel,
  planAdditive,
  type SlotLedger,
} from '../../../../src/jobs/templates/encrypted/additive/index.ts';
import { AdditivePool, openKernel } from '../../../../src/jobs/templates/encrypted/additive/node.ts';
import { multiply, transform } from '../../../../src/jobs/templates/encrypted/additive/ring.ts';
import { planMatching, quantise, quantiseRows } from '../../../../src/jobs/templates/encrypted/index.ts';
import { clearScores, randomRows } from '../matching.ts';

const KEYS = {
  master: Uint8Array.from({ length: 32 }, (_, i) => i),
  seed: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
};
const plan16 = planAdditive({ dimension: 16 });
const openHolder = (dimension: number, ledger: SlotLedger = ephemeralLedger()) =>
  AdditiveHolder.open(planAdditive({ dimension }), KEYS, ledger);
const kernels: readonly (readonly [string, (words: number) => Promise<AdditiveKernel>])[] = [
  ['wasm', words => openKernel(words, { scratchBytes: 1e6 })],
  ['plain', async words => plainKernel(new Int32Array(words))],
];

describe('the additive scheme', () => {
  test('the kernel was built, and is the one that is used', async () => {
    expect((await openKernel(16 * DEGREE, { scratchBytes: 1e5 })).name).toBe('wasm');
  });

  test.each(kernels)('%s: every product of a gallery over two blocks is exact', async (_, open) => {
    for (const dimension of [16, 64]) {
      const holder = await openHolder(dimension);
      const gallery = randomRows(DEGREE + 40, dimension, 1);
      const server = new AdditiveGallery(holder.plan, await open(2 * dimension * DEGREE));
      for (const one of await holder.encrypt(quantiseRows(gallery, 250, 'gallery'))) server.put(one);
      const probes = randomRows(3, dimension, 2);
      const clear = planMatching({ mode: 'encrypted-gallery', dimension });
      const sums = server.match(quantiseRows(probes, 250, 'probes'));
      for (let k = 0; k < 3; k++) {
        const probe = row(probes, k);
        const prepared = holder.prepare(quantise(probe, 250, { field: 'probe', dimension }));
        const scores = [
          ...(await holder.decrypt(prepared, 0, sums[k]!.subarray(0, DEGREE))),
          ...(await holder.decrypt(prepared, 1, sums[k]!.subarray(DEGREE, DEGREE + 40))),
        ];
        expect(Int32Array.from(scores)).toEqual(clearScores(clear, gallery, probe));
      }
    }
  });

  test('both kernels and the threads give the same bits on any words', async () => {
    const words = 3 * 16 * DEGREE;
    const fill = Int32Array.from({ length: words }, (_, i) => Math.imul(i + 1, 2_654_435_761));
    const probes = quantiseRows(randomRows(5, 16, 3), 250, 'probes');
    const results = await Promise.all(
      kernels.map(async ([, open]) => {
        const kernel = await open(words);
        kernel.words.set(fill);
        return new AdditiveGallery(plan16, kernel).match(probes);
      }),
    );
    expect(results[0]).toEqual(results[1]);
    await using pool = await AdditivePool.open(plan16, { blocks: 3, workers: 2 });
    for (let slot = 0; slot < 3 * DEGREE; slot++) {
      const [block, index] = [Math.floor(slot / DEGREE), slot % DEGREE];
      const at = (slot - (slot % 32)) * 16 + (slot % 32);
      pool.put({ slot: { block, index }, words: Int32Array.from({ length: 16 }, (_, j) => fill[at + 32 * j]!) });
    }
    const [one, other] = await Promise.all([pool.match(probes), pool.match(probes.subarray(0, 32))]);
    expect(one).toEqual(results[0]);
    expect(other).toEqual(results[0]!.slice(0, 2));
  });

  test('a pool that has lost a thread says so, and lets nobody wait', async () => {
    const pool = await AdditivePool.open(plan16, { blocks: 1, workers: 1 });
    await pool.close();
    const probe = quantiseRows(randomRows(1, 16, 3), 250, 'probe');
    await expect(pool.match(probe)).rejects.toThrow('a thread of the kernel ended');
  });

  test('the transform multiplies exactly, also at the ends of its range', () => {
    const words = Int32Array.from({ length: DEGREE }, (_, i) => (i % 3 === 0 ? -(2 ** 31) : 2 ** 31 - 1));
    const secret = Int8Array.from({ length: DEGREE }, (_, i) => ((i % 5) % 3 === 0 ? 1 : -1));
    const product = multiply(transform(words), transform(secret));
    for (const k of [0, 1, 777, 1024, 2047]) {
      let exact = 0n;
      for (let i = 0; i < DEGREE; i++) {
        const other = k - i;
        const term = BigInt(words[i]!) * BigInt(secret[(other + DEGREE) % DEGREE]!);
        exact += other < 0 ? -term : term;
      }
      expect(product[k]).toBe(Number(BigInt.asIntN(32, exact)));
    }
  });

  test('a slot that is released twice gives away the difference of two templates: why each is used once', async () => {
    // The rule is broken on purpose: every template is given slot 5.
    const broken: SlotLedger = {
      reserve: async count => Array.from({ length: count }, () => ({ block: 0, index: 5 })),
      newBlock: () => undefined,
    };
    const holder = await openHolder(64, broken);
    const templates = quantiseRows(randomRows(2, 64, 4), 250, 'templates');
    const [one, other] = await holder.encrypt(templates);
    const recovered = Array.from(
      one!.words,
      (word, j) => Math.round(((word - other!.words[j]!) | 0) / holder.plan.delta) + 0,
    );
    expect(recovered).toEqual(Array.from({ length: 64 }, (_, j) => templates[j]! - templates[64 + j]!));
    // With slots of their own there is nothing to recover: the same attack finds numbers of the whole range.
    const [left, right] = await (await openHolder(64)).encrypt(templates);
    const noise = left!.words.map((word, j) => Math.round(((word - right!.words[j]!) | 0) / holder.plan.delta));
    expect(Math.max(...noise.map(Math.abs))).toBeGreaterThan(5000);
  });

  test('what cannot be proved, and what would break the proof, is refused by name', async () => {
    expect(() => planAdditive({ dimension: 1024, scale: 2000 })).toThrow('"scale" 2000 cannot be proved');
    expect(() => planAdditive({ dimension: 1 })).toThrow('"dimension"');
    for (const dimension of [2, 64, 128, 512, 1024]) {
      const { delta, proof } = planAdditive({ dimension });
      expect(proof.scoreBound * delta + proof.noiseBound).toBeLessThan(2 ** 31);
      expect(2 * proof.noiseBound).toBeLessThan(delta);
    }
    const holder = await openHolder(16);
    await expect(holder.encrypt(new Int16Array(16).fill(1000))).rejects.toThrow('row 0: longer than a unit vector');
    expect(() => holder.prepare(new Int16Array(16))).toThrow('probe: all zeros');
    const server = new AdditiveGallery(plan16, plainKernel(new Int32Array(16 * DEGREE)));
    expect(() => server.put({ slot: { block: 1, index: 0 }, words: new Int32Array(16) })).toThrow('slot 1/0');
    expect(() => server.put({ slot: { block: 0, index: 0 }, words: new Int32Array(15) })).toThrow('words: expected 16');
    expect(() => server.match(new Int16Array(16).fill(3000))).toThrow('probe 0: longer');
    await expect(
      AdditiveHolder.open(plan16, { ...KEYS, master: new Uint8Array(31) }, ephemeralLedger()),
    ).rejects.toThrow('"master"');
  });

  test('an operation leaves its operands as they were', async () => {
    const holder = await openHolder(16);
    const templates = quantiseRows(randomRows(2, 16, 4), 250, 'templates');
    const before = templates.slice();
    const [one] = await holder.encrypt(templates);
    const words = one!.words.slice();
    const server = new AdditiveGallery(plan16, plainKernel(new Int32Array(16 * DEGREE)));
    server.put(one!);
    const probe = templates.subarray(0, 16);
    const [sums] = server.match(probe);
    const kept = sums!.slice();
    server.match(templates.subarray(16));
    await holder.decrypt(holder.prepare(probe), 0, sums!);
    expect([templates, one!.words, sums]).toEqual([before, words, kept]);
  });
});
