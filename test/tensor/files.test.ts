import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BiolensError } from '../../src/ground/errors.ts';
import { openMatrixFile } from '../../src/kit/tensor/files/node.ts';
import {
  float32,
  readAll,
  readNpy,
  readSafetensors,
  type TensorData,
  writeNpy,
  writeSafetensors,
} from '../../src/kit/tensor/index.ts';

// Made by NumPy 2 and safetensors 0.6, a = np.array([[1.5, -2, 3], [4, 5.25, -6]], '<f4'): np.save of a, a.astype('>f4'),
// np.asfortranarray(a.astype('f8')), a.astype('f2'), np.array([[1, -2], [3, 4]], 'i8'), np.array([1, 2, 255], 'u1'), a.astype('c8');
// safetensors.numpy.save({'b': np.array([1, 2, 3], 'i8'), 'a': a}, {'made': 'by safetensors'}).
const fixtures = z
  .record(z.string(), z.string())
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/arrays.json'), 'utf8')));
const bytesOf = (name: string) => new Uint8Array(Buffer.from(fixtures[name] ?? '', 'base64'));

const folder = mkdtempSync(join(tmpdir(), 'biolens-tensor-'));
afterAll(() => rmSync(folder, { recursive: true }));
function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A safetensors file with a header as it is given. */
function safetensorsOf(header: Readonly<Record<string, unknown>>, data: readonly number[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  return Uint8Array.of(json.length & 255, json.length >> 8, 0, 0, 0, 0, 0, 0, ...json, ...data);
}

const expected = [1.5, -2, 3, 4, 5.25, -6];

describe('.npy', () => {
  test.each(['float32', 'bigEndian', 'fortranFloat64', 'float16'])('reads %s as NumPy wrote it', name => {
    const { shape, data } = readNpy(bytesOf(name));
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual(expected);
  });

  test('reads integers', () => {
    expect([...readNpy(bytesOf('int64')).data]).toEqual([1, -2, 3, 4]);
    expect(readNpy(bytesOf('uint8'))).toMatchObject({ shape: [3], data: Float32Array.of(1, 2, 255) });
  });

  test('writes what NumPy writes, to the byte', () => {
    expect(writeNpy(float32(Float32Array.from(expected), [2, 3]))).toEqual(bytesOf('float32'));
  });

  test('refuses, naming the file', () => {
    expect(() => readNpy(bytesOf('complex'), { file: 'c.npy' })).toThrow('c.npy: elements of type "<c8" are not read');
    expect(() => readNpy(bytesOf('float32').subarray(0, 140), { file: 'a.npy' })).toThrow(
      'a.npy: cut short: [2, 3] takes 24 bytes, 12 are there',
    );
    expect(() => readNpy(new TextEncoder().encode('hello, this is text'), { file: 't.npy' })).toThrow(
      't.npy: not a .npy file',
    );
  });

  test('damaged bytes end in an input error or in numbers, never otherwise', () => {
    const good = bytesOf('float32');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bad = good.slice(0, length);
        if (at < bad.length) bad[at] = byte;
        try {
          readNpy(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(BiolensError);
        }
      }),
      { numRuns: 2000, seed: 5 },
    );
  });
});

describe('safetensors', () => {
  test('reads what safetensors wrote', () => {
    const { tensors, metadata } = readSafetensors(bytesOf('safetensors'));
    expect(metadata).toEqual({ made: 'by safetensors' });
    expect(tensors.a).toMatchObject({ dtype: 'float32', shape: [2, 3], data: Float32Array.from(expected) });
    expect(tensors.b).toMatchObject({ dtype: 'int64', shape: [3], data: BigInt64Array.of(1n, 2n, 3n) });
  });

  test('reads bfloat16 and float64 as float32', () => {
    // A bfloat16 is the upper half of a float32: 1.5 is 3fc00000, -2 is c0000000.
    const halves = Uint8Array.of(0xc0, 0x3f, 0x00, 0xc0);
    const doubles = new Uint8Array(Float64Array.of(0.1).buffer);
    const bytes = safetensorsOf(
      { b: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] }, d: { dtype: 'F64', shape: [], data_offsets: [4, 12] } },
      [...halves, ...doubles],
    );
    const { tensors } = readSafetensors(bytes);
    expect(tensors.b).toEqual(float32(Float32Array.of(1.5, -2), [2]));
    expect(tensors.d).toEqual(float32(Float32Array.of(0.1), []));
  });

  test('reads from a part of Node’s common buffer', () => {
    const bytes = Buffer.from(bytesOf('safetensors'));
    expect(bytes.byteOffset + bytes.buffer.byteLength).toBeGreaterThan(bytes.length);
    expect(readSafetensors(bytes).tensors.a).toEqual(readSafetensors(bytesOf('safetensors')).tensors.a);
  });

  test('what is written is read back', () => {
    const tensors: Record<string, TensorData> = {
      w: float32(Float32Array.of(1, 2, 3), [3, 1]),
      half: { dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c00) },
      flags: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
      empty: float32(new Float32Array(), [0, 4]),
    };
    expect(readSafetensors(writeSafetensors(tensors)).tensors).toEqual(tensors);
  });

  test('damaged bytes end in an input error or in tensors, never otherwise', () => {
    const good = bytesOf('safetensors');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bad = good.slice(0, length);
        if (at < bad.length) bad[at] = byte;
        try {
          readSafetensors(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(BiolensError);
        }
      }),
      { numRuns: 2000, seed: 6 },
    );
  });
});

describe('openMatrixFile', () => {
  test.each(['float32', 'bigEndian', 'fortranFloat64', 'float16'])('reads %s by rows', async name => {
    const matrix = await openMatrixFile(fileOf(`${name}.npy`, bytesOf(name)));
    expect([matrix.rows, matrix.cols]).toEqual([2, 3]);
    expect([...(await matrix.read(1, 1))]).toEqual(expected.slice(3));
    expect([...(await readAll(matrix)).data]).toEqual(expected);
    await matrix.close();
  });

  test('reads a matrix of bfloat16', async () => {
    const bytes = safetensorsOf(
      { m: { dtype: 'BF16', shape: [2, 1], data_offsets: [0, 4] } },
      [0xc0, 0x3f, 0x00, 0xc0],
    );
    const matrix = await openMatrixFile(fileOf('half.safetensors', bytes));
    expect(await readAll(matrix)).toEqual({ rows: 2, cols: 1, data: Float32Array.of(1.5, -2) });
    await matrix.close();
  });

  test.each([
    ['long.safetensors', Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 0, 123), 'the safetensors header is cut short'],
    [
      'odd.safetensors',
      safetensorsOf({ m: { dtype: 'F8_E4M3', shape: [1, 1], data_offsets: [0, 1] } }, [0]),
      'tensor "m": type F8_E4M3 is not read (F32, F16, I32, I64, U8, BOOL, BF16, F64 are)',
    ],
    [
      'past.safetensors',
      safetensorsOf({ m: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] } }, [0, 0, 0, 0]),
      /cut short: tensor "m" ends at byte \d+, the file has \d+/,
    ],
  ])('%s is refused by name', async (name, bytes, message) => {
    const path = fileOf(name, bytes);
    await expect(openMatrixFile(path)).rejects.toThrow(message);
    await expect(openMatrixFile(path)).rejects.toThrow(path);
  });

  test('reads the one float matrix of a safetensors file', async () => {
    const matrix = await openMatrixFile(fileOf('a.safetensors', bytesOf('safetensors')));
    expect([...(await matrix.read(0, 2))]).toEqual(expected);
    await matrix.close();
  });

  test.each([
    ['uint8.npy', bytesOf('uint8'), 'expected a matrix [rows, width], got [3]'],
    ['cut.npy', bytesOf('float32').subarray(0, 145), 'cut short, [2, 3] takes 152 bytes, the file has 145'],
    ['text.npy', new TextEncoder().encode('plain text, nothing else'), 'not a .npy file'],
    ['empty.npy', new Uint8Array(), 'not a .npy file'],
    [
      'two.safetensors',
      writeSafetensors({ a: float32(new Float32Array(1), [1, 1]), b: float32(new Float32Array(1), [1, 1]) }),
      'expected one float matrix, found a, b',
    ],
  ])('%s is refused by name', async (name, bytes, message) => {
    const path = fileOf(name, bytes);
    await expect(openMatrixFile(path)).rejects.toThrow(`${path}: ${message}`);
  });

  test('a file that is not there', async () => {
    await expect(openMatrixFile(join(folder, 'none.npy'))).rejects.toThrow(
      `${join(folder, 'none.npy')}: no such file or folder`,
    );
  });
});
