import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type MatValue, readMat } from '../../../src/jobs/bench/build/mat-file.ts';

const fixture = (name: string): Uint8Array => readFileSync(resolve(import.meta.dirname, 'fixtures', name));

/** Plain arrays instead of typed ones. */
function plain(value: MatValue): unknown {
  switch (value.kind) {
    case 'numbers':
      return { size: value.size, values: Array.from(value.values) };
    case 'text':
      return value.text;
    case 'cells':
      return value.cells.map(plain);
    case 'struct':
      return value.elements.map(fields => Object.fromEntries([...fields].map(([name, field]) => [name, plain(field)])));
  }
}

// scipy.io.savemat(name, {'numbers': [[1.5, -2, 3], [4, 5, 6]], 'bytes': uint8([1, 2, 255]), 'shorts': int16([[-7], [300]]),
// 'text': 'héllo', 'cells': object ['a', 7], 'record': {'name': 'x', 'list': [[1, 2], [3, 4]]}, 'empty': [[]], 'large': arange(2000)},
// do_compression=False | True)
test.each(['values.mat', 'values-compressed.mat'])('%s: every kind of value', name => {
  const variables = readMat(fixture(name), name);
  const read = Object.fromEntries([...variables].map(([key, value]) => [key, plain(value)]));
  expect(read).toMatchObject({
    numbers: { size: [2, 3], values: [1.5, 4, -2, 5, 3, 6] },
    bytes: { size: [1, 3], values: [1, 2, 255] },
    shorts: { size: [2, 1], values: [-7, 300] },
    text: 'héllo',
    cells: ['a', { values: [7] }],
    record: [{ name: 'x', list: { size: [2, 2], values: [1, 3, 2, 4] } }],
    empty: { size: [0, 0], values: [] },
  });
  expect(read.large).toEqual({ size: [1, 2000], values: Array.from({ length: 2000 }, (_, i) => i) });
});

test('the other byte order', () => {
  const { big } = Object.fromEntries(readMat(fixture('big-endian.mat'), 'x'));
  expect(plain(big!)).toEqual({ size: [1, 3], values: [1.25, -2, 1e9] });
});

test('what cannot be read says why and names the file', () => {
  const whole = fixture('values.mat');
  expect(() => readMat(new TextEncoder().encode('MATLAB 7.3 MAT-file'.padEnd(200)), 'a.mat')).toThrow(
    'a.mat: MATLAB 7.3 files are not read; save it again with -v7',
  );
  expect(() => readMat(new TextEncoder().encode('hello'), 'a.mat')).toThrow('a.mat: not a MATLAB file of version 5');
  expect(() => readMat(new Uint8Array(), 'a.mat')).toThrow('a.mat: not a MATLAB file');
  expect(() => readMat(whole.subarray(0, 1000), 'a.mat')).toThrow('a.mat: cut short or damaged');
});

test('no damage makes it hang or throw anything else', () => {
  const whole = fixture('imdb.mat');
  for (let at = 128; at < whole.length; at += 7) {
    const damaged = Uint8Array.from(whole);
    damaged[at] = damaged[at]! ^ 0xff;
    try {
      readMat(damaged, 'a.mat');
    } catch (error) {
      expect(error).toMatchObject({ code: 'input' });
    }
  }
});
