import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuditMedicalReport, auditMedicalReportSchema } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { type Change, makePhantom, scanPhantom, UNCHANGED } from './phantom.ts';
import { niftiOf } from './write-nifti.ts';

/** `BIOLENS_PROOF_SEED` draws other volumes. */
const SEED = Number(process.env.BIOLENS_PROOF_SEED ?? 1);
const VOLUMES = 200;
const SIDE = 64;
/** Millimetres between the voxels are 1, so that a shift of 3 voxels is one of 3 mm. */
const CHANGE = { gamma: 0.8, signalToNoise: 10 } as const;
const FIRST = 1_000_000 * SEED;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

beforeAll(async () => {
  folder = await temporaryFolder();
  const stream = openStream(randomKey(SEED));
  const pick = <T>(list: readonly T[]): T => list[stream.integer(list.length)]!;
  const change = (): Change => {
    const axis = pick([0, 1, 2] as const);
    return {
      ...CHANGE,
      gain: 500 + 1000 * stream.uniform(),
      offset: 200 * stream.uniform(),
      degrees: pick([-5, 5]),
      axis: pick([0, 1, 2] as const),
      shift: [0, 1, 2].map(other => (other === axis ? pick([-3, 3]) : 0)) as [number, number, number],
      flip: pick([0, 1, 2] as const),
    };
  };
  const sets: Readonly<Record<string, (i: number) => Int16Array>> = {
    training: i => scanPhantom(makePhantom(FIRST + i), SIDE, UNCHANGED),
    heldout: i => scanPhantom(makePhantom(FIRST + 10_000 + i), SIDE, UNCHANGED),
    copies: i => scanPhantom(makePhantom(FIRST + i), SIDE, change(), FIRST + i),
    unrelated: i => scanPhantom(makePhantom(FIRST + 20_000 + i), SIDE, UNCHANGED),
  };
  for (const [set, draw] of Object.entries(sets)) {
    mkdirSync(at(set));
    for (let i = 0; i < VOLUMES; i++) writeFileSync(at(set, `${i}.nii`), niftiOf([SIDE, SIDE, SIDE], draw(i)));
  }
}, 1_800_000);
afterAll(() => folder[Symbol.asyncDispose]());

async function audit(generated: string): Promise<AuditMedicalReport> {
  const { code, out, err } = await biolens(
    ...['audit', 'medical', '--train', at('training'), '--generated', at(generated), '--heldout', at('heldout')],
    ...['--json', '--runs-dir', at('runs')],
  );
  expect(code, err).toBe(0);
  return auditMedicalReportSchema.parse(JSON.parse(out));
}

const nameOf = (set: string, i: number): string =>
  `sha256-${createHash('sha256')
    .update(readFileSync(at(set, `${i}.nii`)))
    .digest('hex')
    .slice(0, 12)}`;

test('of 200 volumes that are turned, shifted, flipped, noisy and of another gain, offset and gamma, 95 % or more are called, with their original', async () => {
  const originals = new Map(Array.from({ length: VOLUMES }, (_, i) => [nameOf('copies', i), nameOf('training', i)]));
  const { replication } = await audit('copies');
  const right = replication.pairs.filter(pair => pair.training === originals.get(pair.generated));
  const called = right.filter(({ copy }) => copy);
  console.log({ right: right.length, called: called.length, flipped: called.filter(({ flipped }) => flipped).length });
  expect(called.length).toBeGreaterThanOrEqual(0.95 * VOLUMES);
  expect(replication.permutation.p).toBeLessThan(0.01);
});

test('of 200 unrelated volumes none is called', async () => {
  const { replication } = await audit('unrelated');
  console.log({ most: replication.pairs[0]?.similarity, threshold: replication.rule.threshold });
  expect(replication.pairs.filter(({ copy }) => copy)).toEqual([]);
  expect(replication.callable).not.toBeNull();
});
