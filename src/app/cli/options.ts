import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DeviceChoice } from '../../kit/tensor/index.ts';

/** A number within a range, for `Option.argParser`. */
export function numberIn(
  low: number,
  high: number,
  { integer = false }: { readonly integer?: boolean } = {},
): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high) || (integer && !Number.isInteger(value))) {
      const range = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`;
      throw new InvalidArgumentError(`expected a ${integer ? 'whole ' : ''}number ${range}, got "${text}"`);
    }
    return value;
  };
}

export const wholeNumber = (low: number, high: number = Number.MAX_SAFE_INTEGER) =>
  numberIn(low, high, { integer: true });

/** Gathers the values of an option that may be given several times. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** An option that may be given several times; `none` says what happens where it is not. */
export const repeated = (flags: string, description: string, none = 'none'): Option =>
  new Option(flags, description).argParser(collect).default([], none);

/** Folders that jobs started from outside the command line may use, and whose images may be shown. */
export const rootOption = (what = 'folder that jobs may read and write, and whose images are shown'): Option =>
  repeated('--root <dir>', `${what}; may be repeated`, 'the current folder');

export interface CommonOptions {
  readonly json?: boolean;
  readonly device: DeviceChoice;
}

/** Adds `--json` and `--device`, which every verb that computes has. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON on standard output')
    .addOption(
      new Option('--device <device>', 'what computes')
        .choices(['auto', 'cpu', 'webgpu', 'cuda'])
        .default('auto', 'auto: CUDA if installed, else CPU'),
    );
}

/** `--fail-on`, with an example of a condition on the verb's result. */
export const gateOption = (example: string): Option =>
  repeated('--fail-on <condition>', `exit with 1 if it holds, such as '${example}'; may be repeated`);

/** Adds `--seed`. */
export function addSeedOption(command: Command, usual = 1): Command {
  return command.addOption(
    new Option('--seed <n>', 'start of every random choice').argParser(wholeNumber(0)).default(usual),
  );
}

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** The examples of a verb. */
export const examplesOf = (command: Command): readonly string[] => EXAMPLES.get(command) ?? [];

/** An example under the help of a verb. */
export function addExamples(command: Command, ...examples: string[]): Command {
  EXAMPLES.set(command, examples);
  const title = examples.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', `\n${title}:\n${examples.map(example => `  $ ${example}`).join('\n')}`);
}
