import { BiolensError } from '../../ground/errors.ts';

/** What only a shell gives a meaning to. */
const OF_A_SHELL = /[|&;<>()$`*\n]/;
/** What a shell replaces within double quotes too. */
const IN_QUOTES = /[$`]/;

function refuse(sign: string, command: string): BiolensError {
  const shown = sign === '\n' ? 'a line break' : sign;
  return new BiolensError(
    'usage',
    `command: ${shown} is for a shell, and none runs it: put it in single quotes where it is part of a word, or the whole into a script; got ${JSON.stringify(command)}`,
  );
}

/**
 * Splits a command into its words, as a POSIX shell splits a plain command: at blanks; `'…'` is taken as it is, within `"…"` a backslash takes `"` and `\`
 * as they are, outside of quotes it takes any character as it is. Nothing is replaced or expanded, and what a shell would replace is refused.
 *
 * @throws {BiolensError} `usage` for a quote without an end, a sign that only a shell understands, or no word at all
 * @example
 * splitCommand("python 'my script.py' --n 5"); // ['python', 'my script.py', '--n', '5']
 */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < command.length; i++) {
    const sign = command[i]!;
    const next = command[i + 1];
    if (quote !== null) {
      if (sign === quote) quote = null;
      else if (quote === '"' && sign === '\\' && (next === '"' || next === '\\')) {
        word += next;
        i++;
      } else if (quote === '"' && IN_QUOTES.test(sign)) throw refuse(sign, command);
      else word += sign;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word ??= '';
    } else if (sign === ' ' || sign === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (OF_A_SHELL.test(sign) || (sign === '~' && word === null)) throw refuse(sign, command);
    else if (sign === '\\' && next !== undefined) {
      word = (word ?? '') + next;
      i++;
    } else word = (word ?? '') + sign;
  }
  if (quote !== null) throw new BiolensError('usage', `command: ${quote} has no end, got ${JSON.stringify(command)}`);
  if (word !== null) words.push(word);
  if (words.length === 0) throw new BiolensError('usage', 'command: expected a program and its arguments, got nothing');
  return words;
}
