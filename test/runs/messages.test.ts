import { expect, test } from 'vitest';
import { messageOf } from '../../src/ground/errors.ts';

test.each([
  [new Error(' a \n\n  b\r\n'), 'a b'],
  ['one line', 'one line'],
  [undefined, 'undefined'],
  [new Error(''), ''],
])('the message of %j is one line', (error, line) => {
  expect(messageOf(error)).toBe(line);
});

test('a message of a million blanks takes no longer than it has to', () => {
  const start = performance.now();
  expect(messageOf(new Error(`a${' '.repeat(1e6)}b${'\t\n '.repeat(1e6)}c`))).toHaveLength(1e6 + 4);
  expect(performance.now() - start).toBeLessThan(5000);
});
