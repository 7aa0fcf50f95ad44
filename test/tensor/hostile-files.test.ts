import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { openMatrixFile } from '../../src/kit/tensor/files/node.ts';
import { readNpy, readSafetensors } from '../../src/kit/tensor/index.ts';
import { parseJson } from '../../src/kit/tensor/json.ts';

const cases = resolve(import.meta.dirname, '../../../shared/cases');

/** A safetensors file with a header as it is given. */
function safetensorsOf(header: string, bytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}
const entry = (shape: string, offsets: string, type = 'F32') =>
  `{"dtype":"${type}","shape":[${shape}],"data_offsets":[${offsets}]}`;

describe('safetensors that the reference reader refuses', () => {
  // safetensors 0.8.0 (Rust): each of these raises SafetensorError, but for the tensor that is there twice, of which it takes the last.
  test.each([
    ['overlap', `{"a":${entry('2', '0,8')},"b":${entry('1', '4,8')}}`, 8, 'tensor "b" shares bytes with tensor "a"'],
    ['the same bytes', `{"a":${entry('1', '0,4')},"b":${entry('1', '0,4')}}`, 4, 'tensor "b" shares bytes with'],
    ['a hole', `{"a":${entry('1', '0,4')},"b":${entry('1', '8,12')}}`, 12, '4 bytes between tensor "a" and tensor "b"'],
    ['a hole at the start', `{"a":${entry('1', '4,8')}}`, 8, '4 bytes between the header and tensor "a"'],
    ['a tail', `{"a":${entry('1', '0,4')}}`, 7, '3 bytes after tensor "a" belong to nothing'],
    ['a tail and no tensor', '{}', 7, '7 bytes after the header belong to nothing'],
    [
      'a key that is there twice',
      `{"a":${entry('1', '0,4')},"a":${entry('1', '0,4')}}`,
      4,
      'the key "a" is there twice',
    ],
    ['a shape that is there twice', '{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4, 'twice'],
    ['no object', '[1]', 0, 'the safetensors header is not an object'],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', 0, '"__metadata__" expected texts'],
    ['offsets that fall', `{"a":${entry('1', '4,0')}}`, 4, '-4 bytes do not fill [1]'],
    ['sizes that overflow', `{"a":${entry('4294967296,4294967296,0', '0,4')}}`, 4, 'do not fill'],
  ])('%s', (_, header, bytes, message) => {
    expect(() => readSafetensors(safetensorsOf(header, bytes), { file: 'x.safetensors' })).toThrow(message);
    expect(() => readSafetensors(safetensorsOf(header, bytes), { file: 'x.safetensors' })).toThrow('x.safetensors');
  });

  test('tensors in another order than their bytes, and empty ones, are read', () => {
    const header = `{"b":${entry('1', '4,8')},"none":${entry('0', '4,4')},"a":${entry('1', '0,4')}}  `;
    expect(Object.keys(readSafetensors(safetensorsOf(header, 8)).tensors)).toEqual(['b', 'none', 'a']);
  });

  test('more tensors than any model has are refused before they are looked at', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `"${i}":${entry('0', '0,0')}`).join(',');
    expect(() => readSafetensors(safetensorsOf(`{${many}}`, 0))).toThrow('too many values');
  });

  test.skipIf(!existsSync(cases))('the files of the cases (needs ../shared/cases)', async () => {
    for (const [file, message] of [
      ['safetensors-overlap/overlap.safetensors', 'tensor "b" shares bytes with tensor "a"'],
      ['safetensors-overlap/trail.safetensors', 'after tensor "a" belong to nothing'],
      ['hostile/overlap.safetensors', 'tensor "x" shares bytes with tensor "e"'],
      ['hostile/hole-and-tail.safetensors', '64 bytes between the header and tensor "e"'],
    ] as const) {
      const path = resolve(cases, file);
      expect(() => readSafetensors(readFileSync(path), { file: path })).toThrow(message);
      await expect(openMatrixFile(path)).rejects.toThrow(message);
    }
  });
});

/** A .npy file with a header as it is given. */
function npyOf(header: string, bytes: number): Uint8Array {
  const file = new Uint8Array(10 + header.length + bytes);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  return file;
}

describe('.npy', () => {
  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }   \n";

  test.each([
    ['a tail', good, 9, '1 bytes after its [2, 1] belong to nothing'],
    ['two shapes', good.replace(' }', " 'shape': (1, 1)}"), 8, 'says "shape" twice'],
    ['two types', good.replace('{', "{'descr': '<f8', "), 8, 'says "descr" twice'],
    ['another key', good.replace(' }', " 'x': True}"), 8, 'is not of plain numbers'],
    ['no shape', "{'descr': '<f4', 'fortran_order': False}", 8, 'is not of plain numbers'],
    ['text before', `x${good}`, 8, 'is not of plain numbers'],
    ['text after', `${good}x`, 8, 'is not of plain numbers'],
    ['a shape of text', good.replace('(2, 1)', "'2'"), 8, 'is not of plain numbers'],
    ['a size too large', good.replace('2, 1', '99999999999999999999'), 8, 'is malformed'],
    ['a product too large', good.replace('2, 1', '9007199254740991, 9007199254740991'), 8, 'is too large'],
    ['more than is there', good.replace('2, 1', '2, 4000000000'), 8, 'cut short'],
    ['33 axes', good.replace('2, 1', '1,'.repeat(33)), 4, 'is malformed'],
    ['an object', good.replace('<f4', '|O'), 8, 'elements of type "|O" are not read'],
    ['a type with code', good.replace('<f4', '<f4\\'), 8, 'is not of plain numbers'],
  ])('with %s is refused', (_, header, bytes, message) => {
    expect(() => readNpy(npyOf(header, bytes), { file: 'x.npy' })).toThrow(message);
    expect(() => readNpy(npyOf(header, bytes), { file: 'x.npy' })).toThrow('x.npy');
  });

  test('with its keys in another order, in double quotes, of int8, is read', () => {
    const header = '{"shape": (3,), "fortran_order": False, "descr": "|i1"}';
    const file = npyOf(header, 3);
    file.set([255, 1, 128], file.length - 3);
    expect([...readNpy(file).data]).toEqual([-1, 1, -128]);
  });

  test.skipIf(!existsSync(cases))('the files of the cases (needs ../shared/cases)', async () => {
    for (const [file, message] of [
      ['hostile/tail.npy', '4000 bytes after its [64, 16]'],
      ['hostile/two-shapes.npy', 'says "shape" twice'],
    ] as const)
      await expect(openMatrixFile(resolve(cases, file))).rejects.toThrow(message);
  });
});

describe('parseJson', () => {
  const read = (text: string) => parseJson(text, { file: 'f.json' });

  test('reads JSON as JSON.parse does, and the words of Python', () => {
    const text = ' {"a": [1, -2.5e3, true, false, null, "x\\"\\\\\\u00e9\\n"], "": {}, "b": [], "__proto__": 1}\n';
    expect(read(text)).toEqual(JSON.parse(text));
    expect(read('[NaN, Infinity, -Infinity, 0, -0]')).toEqual([Number.NaN, Infinity, -Infinity, 0, -0]);
    expect(read('\uFEFF3')).toBe(3);
  });

  test.each([
    ['{"a": 1, "a": 2}', 'the key "a" is there twice'],
    ['{"a": 1, "\\u0061": 2}', 'the key "a" is there twice'],
    ['[1, 2', 'it ends too early'],
    ['[1, 2,]', 'unexpected "]"'],
    ['{"a": 1,}', 'unexpected "}"'],
    ['{a: 1}', 'unexpected "a"'],
    ['"abc', 'a string does not end'],
    ['"a\nb"', 'a malformed string'],
    ['01', 'unexpected "0"'],
    ['+1', 'unexpected "+"'],
    ['nan', 'unexpected "n"'],
    ['1 2', 'unexpected "2"'],
    ['', 'it ends too early'],
    [`${'['.repeat(100_000)}`, 'nested deeper than 64'],
    ['constructor', 'unexpected "c"'],
    ['9'.repeat(1_000_000), 'unexpected "9"'],
  ])('refuses %j', (text, message) => {
    expect(() => read(text)).toThrow(BiolensError);
    expect(() => read(text)).toThrow(message);
  });
});
