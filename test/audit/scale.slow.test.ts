import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foldIn, type Matrix, openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import { frechetDistance } from '../../src/jobs/audit/metrics/fid.ts';
import { prdc } from '../../src/jobs/audit/metrics/prdc.ts';
import { enginePairwise } from '../../src/jobs/audit/pairwise.ts';
import { meanTop1Statistic, relabellingTest } from '../../src/jobs/audit/replication/relabelling.ts';
import { measureReplication } from '../../src/jobs/audit/replication.ts';
import { openMatrixFile } from '../../src/kit/tensor/files/node.ts';
import { writeNpyHeader } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { finish } from './simulated-sets.ts';

const key = randomKey(6);

function normals(stream: RandomStream, rows: number, cols: number): Matrix {
  return { rows, cols, data: stream.fillNormal(new Float32Array(rows * cols)) };
}

/** Faces with a large common part, as embedders make them. */
function faces(stream: RandomStream, rows: number, cols: number): Matrix {
  const matrix = normals(stream, rows, cols);
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = 1 + 0.3 * matrix.data[at]!;
  return matrix;
}

test('a million training embeddings are audited from disk, with memory for a block of them', async () => {
  const [rows, cols, block] = [1_000_000, 128, 50_000];
  const path = join(tmpdir(), `biolens-million-${process.pid}.npy`);
  const stream = openStream(foldIn(key, 'million'));
  const copied: Matrix = { rows: 50, cols, data: new Float32Array(50 * cols) };
  const handle = await open(path, 'w');
  const runtime = await openRuntime({ device: 'cpu' });
  try {
    await handle.write(writeNpyHeader('float32', [rows, cols]));
    for (let start = 0; start < rows; start += block) {
      const { data } = faces(stream, block, cols);
      if (start === 600_000) copied.data.set(data.subarray(0, 50 * cols));
      await handle.write(new Uint8Array(data.buffer));
    }
    await handle.close();
    const generated = faces(stream, 1000, cols);
    for (let at = 0; at < copied.data.length; at++) generated.data[at] = copied.data[at]! + 0.03 * stream.normal();
    const training = await openMatrixFile(path);
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 50);
    const { result } = await finish(
      measureReplication(
        {
          training: { rows: training, id: row => `t${row}` },
          generated: { rows: generated, id: row => `g${row}` },
          heldout: { rows: faces(stream, 1000, cols), id: row => `h${row}` },
        },
        { pairwise: enginePairwise(runtime), key, embedder: 'simulated' },
      ),
    );
    clearInterval(watch);
    await training.close();
    const called = result.pairs.filter(pair => pair.copy);
    expect(
      called.filter(pair => Number(pair.training.slice(1)) - 600_000 === Number(pair.generated.slice(1))),
    ).toHaveLength(50);
    expect(called.length).toBeLessThanOrEqual(53);
    // The training set alone is 512 MB.
    expect((peak - before) / 2 ** 20).toBeLessThan(400);
  } finally {
    await runtime.close();
    rmSync(path, { force: true });
  }
});

test('999 relabellings of 100,000 items given 10,000 generated ones', () => {
  const stream = openStream(foldIn(key, 'lists'));
  const [items, k, pool] = [10_000, 32, 100_000];
  const scores = Float32Array.from({ length: items * k }, (_, at) => 1 - (at % k) / k);
  const indices = Int32Array.from({ length: items * k }, () => stream.integer(pool));
  const { p } = relabellingTest(meanTop1Statistic({ k, indices, scores }), {
    training: 90_000,
    heldout: 10_000,
    permutations: 999,
    key,
  });
  expect(p).toBeGreaterThan(0.001);
});

test('PRDC of two samples of one normal law in 1,000 dimensions', async () => {
  // prdc's README: 10,000 real and fake samples of N(0, I₁₀₀₀), k = 5: .4772, .4705, 1.0555, .9735, on draws of its own. Over five
  // draws numpy gives .467-.500, .462-.475, .985-1.102 and .966-.977: limits of about 4 of the standard deviations.
  const runtime = await openRuntime({ device: 'cpu' });
  try {
    const stream = openStream(foldIn(key, 'prdc'));
    const [real, generated] = [normals(stream, 10_000, 1000), normals(stream, 10_000, 1000)];
    const { precision, recall, density, coverage } = await prdc(real, generated, { pairwise: enginePairwise(runtime) });
    expect(Math.abs((precision.value ?? 0) - 0.4772)).toBeLessThan(0.05);
    expect(Math.abs((recall.value ?? 0) - 0.4705)).toBeLessThan(0.03);
    expect(Math.abs((density.value ?? 0) - 1.0555)).toBeLessThan(0.17);
    expect(Math.abs((coverage.value ?? 0) - 0.9735)).toBeLessThan(0.016);
  } finally {
    await runtime.close();
  }
});

test('the jackknife interval of the Fréchet distance has about its nominal coverage of the expected distance', () => {
  // 200 rounds of 300 items in 8 dimensions; the target is the mean over the rounds, which contains the bias that the interval leaves out.
  const stream = openStream(foldIn(key, 'fid'));
  const rounds = Array.from({ length: 200 }, () => {
    const generated = normals(stream, 300, 8);
    for (let at = 0; at < generated.data.length; at++) generated.data[at] = 0.4 + 1.3 * generated.data[at]!;
    return frechetDistance(normals(stream, 300, 8), generated);
  });
  const mean = rounds.reduce((sum, { value }) => sum + (value ?? 0), 0) / rounds.length;
  const covered = rounds.filter(
    ({ interval }) => interval !== null && interval.low <= mean && mean <= interval.high,
  ).length;
  expect(covered / rounds.length).toBeGreaterThan(0.88);
});
