import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuditMedicalReport, auditMedicalReportSchema } from '../../src/ground/contracts/index.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import type { Runtime } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { sampleTrained } from './small-diffusion.ts';
import { niftiOf } from './write-nifti.ts';

const SIDE = 16;
const STEPS = 2500;
const SAMPLES = 60;
const ORGANS = 9;

/** A slice with organs of its own, −1 to 1. */
function drawSlice(seed: number): Float32Array {
  const stream = openStream(foldIn(randomKey(70), seed));
  const organs = Array.from({ length: ORGANS }, () => ({
    x: 1.3 * (stream.uniform() - 0.5),
    y: 1.3 * (stream.uniform() - 0.5),
    width: 0.1 + 0.15 * stream.uniform(),
    light: 1.4 * stream.uniform() - 0.4,
  }));
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [((i % SIDE) + 0.5) * (2 / SIDE) - 1, (Math.floor(i / SIDE) + 0.5) * (2 / SIDE) - 1];
    let light = -0.3;
    for (const organ of organs)
      light += organ.light * Math.exp(-((x - organ.x) ** 2 + (y - organ.y) ** 2) / organ.width ** 2);
    return Math.max(-0.9, Math.min(1, light));
  });
}

const draw = (first: number, n: number): Float32Array[] => Array.from({ length: n }, (_, i) => drawSlice(first + i));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let runtime: Runtime;
beforeAll(async () => {
  folder = await temporaryFolder();
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(async () => {
  await runtime.close();
  await folder[Symbol.asyncDispose]();
});

/** Slices one after another as the volume of one file. */
function write(name: string, slices: readonly Float32Array[]): string {
  const path = join(folder.path, name);
  mkdirSync(path);
  const values = slices.flatMap(slice => Array.from(slice, value => Math.round(1000 + 1000 * value)));
  writeFileSync(join(path, 'slices.nii'), niftiOf([SIDE, SIDE, slices.length], values));
  return path;
}

async function audit(training: string, generated: string, heldout: string): Promise<AuditMedicalReport> {
  const { code, out, err } = await biolens(
    ...['audit', 'medical', '--compare', 'slices', '--train', training, '--generated', generated],
    ...['--heldout', heldout, '--json', '--runs-dir', join(folder.path, 'runs')],
  );
  expect(code, err).toBe(0);
  return auditMedicalReportSchema.parse(JSON.parse(out));
}

test('a small diffusion model trained here copies its 60 training slices, and none of 2,000: the audit says both', async () => {
  const all = draw(0, 2000);
  const heldout = write('heldout', draw(10_000, 80));
  const learn = async (n: number): Promise<AuditMedicalReport> => {
    const training = all.slice(0, n);
    const samples = await sampleTrained(runtime, training, { steps: STEPS, samples: SAMPLES });
    return audit(write(`train-${n}`, training), write(`generated-${n}`, samples), heldout);
  };
  const [few, many] = [await learn(60), await learn(2000)];
  // 23 % were, when this was written; the rounding of another processor makes other samples.
  expect(few.replication.copied.value).toBeGreaterThan(0.1);
  expect(few.replication.permutation.p).toBeLessThan(0.01);
  expect(few.verdict[0]).toMatchObject({ subject: 'copies', level: 'bad' });
  expect(many.replication.copied.value).toBe(0);
  expect(many.replication.permutation.p).toBeGreaterThan(0.05);
  expect(many.verdict[0]).toMatchObject({ subject: 'copies', level: 'good' });
  // It could have called some.
  expect(many.replication.callable).not.toBeNull();
}, 600_000);
