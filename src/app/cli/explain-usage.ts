import type { Command, CommanderError } from 'commander';
import { BiolensError } from '../../ground/errors.ts';
import { suggest } from '../../kit/job/index.ts';

/** Words after which commands are called, such as `biolens bench run`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** An error with where help is. */
export const withHint = (message: string, command: Command): string => `${message} (see ${pathOf(command)} --help)`;

/**
 * The command that the words name.
 *
 * @throws {BiolensError} `usage` with those there are, and the nearest
 */
export function findCommand(program: Command, words: readonly string[]): Command {
  let found = program;
  for (const word of words) {
    const known = found.commands.filter(command => !isHidden(command)).map(command => command.name());
    if (known.length === 0) return found;
    const next = found.commands.find(command => command.name() === word);
    if (next === undefined) {
      const group = found.parent === null ? '' : ` in ${pathOf(found)}`;
      const meant = suggest(word, known).replace(/^, /, '; ');
      throw new BiolensError(
        'usage',
        withHint(`there is no verb "${word}"${group}, there are ${known.join(', ')}${meant}`, found),
      );
    }
    found = next;
  }
  return found;
}

const isHidden = (command: Command): boolean => '_hidden' in command && command._hidden === true;

/** The first words of a command line, up to the first option. */
export function verbsOf(args: readonly string[]): readonly string[] {
  const end = args.findIndex(arg => arg.startsWith('-'));
  return end < 0 ? args : args.slice(0, end);
}

/** The first option of a command line that a command does not have. */
function misspelt(command: Command, args: readonly string[]): string | undefined {
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short]).concat('--help', '-h'));
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end))
    .filter(arg => arg.startsWith('--'))
    .map(arg => arg.split('=')[0] ?? arg)
    .find(name => !known.has(name));
}

const withNearest = (option: string, command: Command): string => {
  const known = command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => long ?? []);
  return `unknown option '${option}'${suggest(option, known)}`;
};

/** What commander found wrong, in one line: an argument as `--seed expected a whole number from 0, got "x"`. */
export function explainUsage(
  { code, message }: CommanderError,
  { command, args }: { readonly command: Command; readonly args: readonly string[] },
): string {
  const text = message.replace(/^error: /, '');
  const wrong = misspelt(command, args);
  const missing = code === 'commander.missingMandatoryOptionValue' || code === 'commander.missingArgument';
  // A required option that is misspelt is both missing and unknown: the second is what the user can see.
  if (wrong !== undefined && (missing || code === 'commander.unknownOption')) return withNearest(wrong, command);
  if (code !== 'commander.invalidArgument') return text.replaceAll('\n', ' ');
  const flag = text.split(/[ ']+/).find(word => word.startsWith('-'));
  const at = text.lastIndexOf("' is invalid. ");
  return flag === undefined || at < 0 ? text : `${flag.replace(/,$/, '')} ${text.slice(at + "' is invalid. ".length)}`;
}
