import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { openMatrixFile } from '../../src/kit/tensor/files/node.ts';
import { readAll } from '../../src/kit/tensor/index.ts';

// NumPy 2: E = np.array([[1, -2, 3], [4, 5, -6]], 'i1'); stored: np.savez(embeddings=E.astype('f4') / 2, ids=np.array(['a', 'b'])); packed:
// np.savez_compressed(embeddings=E.astype('f8') / 2); int8: np.savez(e=E, scale=np.array([.5, .25, 2], 'f4')); uint8:
// np.savez_compressed(e=(E.astype('i2') + 128).astype('u1'), scale=np.float32(.5), zero_point=np.uint8(128)); two: np.savez(a=E, b=E).
const files: Record<string, string> = JSON.parse(readFileSync(new URL('./fixtures/npz.json', import.meta.url), 'utf8'));
const bytesOf = (name: string) => new Uint8Array(Buffer.from(files[name]!, 'base64'));

const folder = mkdtempSync(join(tmpdir(), 'biolens-npz-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(name: string, bytes: Uint8Array): Promise<number[]> {
  const path = join(folder, `${name}.npz`);
  writeFileSync(path, bytes);
  const matrix = await openMatrixFile(path);
  try {
    return [...(await readAll(matrix)).data];
  } finally {
    await matrix.close();
  }
}

describe('.npz', () => {
  const half = [0.5, -1, 1.5, 2, 2.5, -3];
  test.each([
    ['stored', half],
    ['packed', half],
    ['uint8', half],
    ['int8', [0.5, -0.5, 6, 2, 1.25, -12]],
  ])('%s is read as NumPy wrote it', async (name, expected) => {
    expect(await read(name, bytesOf(name))).toEqual(expected);
  });

  test('reads rows of the middle', async () => {
    writeFileSync(join(folder, 'rows.npz'), bytesOf('int8'));
    const matrix = await openMatrixFile(join(folder, 'rows.npz'));
    expect([...(await matrix.read(1, 1))]).toEqual([2, 1.25, -12]);
    await matrix.close();
  });

  test('of two matrices is not chosen between', async () => {
    await expect(read('two', bytesOf('two'))).rejects.toThrow('two.npz: expected one matrix, found a, b');
  });

  test('damaged bytes end in an input error or in numbers, never otherwise', async () => {
    for (const name of ['stored', 'packed', 'uint8']) {
      const good = bytesOf(name);
      for (let i = 0; i < 150; i++) {
        const bad = good.slice(0, i % 3 === 0 ? (i * 7919) % good.length : good.length);
        if (bad.length > 0) bad[(i * 104729) % bad.length] = (i * 31) % 256;
        const outcome = await read('bad', bad).catch((error: unknown) => error);
        if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(BiolensError);
      }
    }
  });
});
