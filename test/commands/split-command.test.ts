import { expect, test } from 'vitest';
import { splitCommand } from '../../src/kit/commands/index.ts';

test.each<[string, string[]]>([
  ['python sample.py --n {n}', ['python', 'sample.py', '--n', '{n}']],
  ['  a\t b  ', ['a', 'b']],
  [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
  [`a'b'"c"d`, ['abcd']],
  [`'' ""`, ['', '']],
  ['a\\ b \\"', ['a b', '"']],
  [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
  [`'$HOME' 'a|b' 'x\\y'`, ['$HOME', 'a|b', 'x\\y']],
  ['a~b #c', ['a~b', '#c']],
])('%s', (command, words) => expect(splitCommand(command)).toEqual(words));

test.each([
  ['a | b', '| is for a shell'],
  ['a && b', '& is for a shell'],
  ['a > b', '> is for a shell'],
  ['a; b', '; is for a shell'],
  ['a $HOME', '$ is for a shell'],
  ['a "$HOME"', '$ is for a shell'],
  ['a `b`', '` is for a shell'],
  ['a *.png', '* is for a shell'],
  ['~/a', '~ is for a shell'],
  ['a\nb', 'a line break is for a shell'],
  ["a 'b", "' has no end"],
  ['', 'got nothing'],
])('%s is refused', (command, message) => expect(() => splitCommand(command)).toThrow(message));
