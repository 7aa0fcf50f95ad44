import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditMedicalReportSchema } from '../../src/ground/contracts/index.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import { biolens } from '../cli/biolens.ts';
import { cardFor, channelMeans, temporaryFolder, writeModel } from '../faces/models.ts';
import { niftiOf } from './write-nifti.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
const SIDE = 16;
const TRAINING = 70;
const HELDOUT = 140;

/** Noise above a ground that all share: what is told apart is small beside what is alike. */
function drawSlice(seed: number): Float64Array {
  const stream = openStream(foldIn(randomKey(3), seed));
  const coarse = Array.from({ length: 64 }, () => stream.normal());
  return Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return 2000 + 100 * x + 60 * y + 90 * coarse[(y >> 1) * 8 + (x >> 1)]!;
  });
}
const draw = (first: number, n: number) => Array.from({ length: n }, (_, i) => drawSlice(first + i));
const worn = (slice: Float64Array, seed: number): Float64Array => {
  const stream = openStream(randomKey(seed));
  return slice.map(value => 1.2 * value + 100 + 20 * stream.normal());
};

function write(name: string, slices: readonly Float64Array[]): void {
  mkdirSync(at(name));
  const values = slices.flatMap(slice => Array.from(slice, Math.round));
  writeFileSync(at(name, 'slices.nii'), niftiOf([SIDE, SIDE, slices.length], values));
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const training = draw(0, TRAINING);
  write('train', training);
  write('held', draw(1000, HELDOUT));
  write('gen', [worn(training[5]!, 1), worn(training[31]!, 2), ...draw(5000, 8)]);
});
afterAll(() => folder[Symbol.asyncDispose]());

const audit = (...more: string[]) =>
  biolens(
    ...['audit', 'medical', '--train', at('train'), '--generated', at('gen'), '--runs-dir', at('runs')],
    ...['--permutations', '99', ...more],
  );

describe('--embedder', () => {
  test('whiten finds worn copies of slices that all share a ground; what it is fitted to is no control', async () => {
    const args = ['--heldout', at('held'), '--compare', 'slices', '--embedder', 'whiten'];
    const { code, out, err } = await audit(...args, '--json');
    expect(code, err).toBe(0);
    const { replication, sets } = auditMedicalReportSchema.parse(JSON.parse(out));
    expect(replication).toMatchObject({
      similarity: 'cosine',
      embedder: { name: 'whiten', width: 64, fittedTo: HELDOUT / 2 },
    });
    expect(sets.heldout?.n).toBe(HELDOUT / 2);
    const called = replication.pairs.filter(({ copy }) => copy);
    expect(called).toHaveLength(2);
    expect(called.every(({ training }) => /\/(5|31)$/.test(training))).toBe(true);
    expect(replication.pairs[2]!.similarity).toBeLessThan(0.6);
    const plain = await audit(...args);
    expect(plain.out).toMatch(/generated +training +cosine +q/);
  });

  test('an ONNX model with a card is asked for slices, and for nine of a volume', async () => {
    const model = await writeModel(at(), channelMeans(), cardFor());
    for (const [compare, n] of [
      ['slices', TRAINING],
      ['auto', 2],
    ] as const) {
      for (const set of ['train', 'gen'])
        if (compare === 'auto')
          writeFileSync(
            at(set, 'more.nii'),
            niftiOf(
              [SIDE, SIDE, 10],
              draw(9, 10).flatMap(slice => [...slice]),
            ),
          );
      const { code, out, err } = await audit('--compare', compare, '--embedder', model, '--json');
      expect(code, err).toBe(0);
      const { replication, sets } = auditMedicalReportSchema.parse(JSON.parse(out));
      expect(sets.training.n).toBe(n);
      expect(replication).toMatchObject({ similarity: 'cosine', embedder: { width: 3, fittedTo: null } });
      // The mean light of a grey slice is one number three times over, all of one direction.
      expect(replication.pairs.every(({ similarity }) => similarity > 0.999)).toBe(true);
    }
  });

  test('a model of faces finds none in scans, which is one line', async () => {
    const model = await writeModel(at(), channelMeans(), cardFor({ alignment: 'box' }), 'faces');
    write('two', draw(7000, 2));
    const { code, err } = await biolens(
      ...['audit', 'medical', '--train', at('two'), '--generated', at('two'), '--compare', 'slices'],
      ...['--embedder', model, '--runs-dir', at('runs')],
    );
    expect(code).toBe(2);
    expect(err).toMatch(/embedder means: it finds nothing in sha256-\S+; expected one that looks at whole images/);
  });

  test.each([
    ['whiten without held-out scans', ['--embedder', 'whiten'], 2, /expected --heldout beside it/],
    ['a model that is not there', ['--embedder', 'absent.onnx'], 2, /absent\.onnx/],
  ])('%s is one line', async (_, more, wanted, message) => {
    const { code, err } = await audit(...more);
    expect(err).toMatch(message);
    expect(code).toBe(wanted);
    expect(err.split('\n').filter(line => line.startsWith('biolens: '))).toHaveLength(1);
  });
});
