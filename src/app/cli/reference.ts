import type { Command, Option } from 'commander';
import { fieldsOf, flagName, type Job } from '../../kit/job/index.ts';
import { examplesOf } from './options.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Names of a job's fields in a configuration file, by flag. */
function fieldNames(command: Command, jobs: readonly Job[]): ReadonlyMap<string, string> {
  const job = jobs.find(({ verb }) => `biolens ${verb}` === pathOf(command));
  const entries = job === undefined ? [] : fieldsOf(job.configuration);
  return new Map(entries.flatMap(({ path, flags }) => flags.map(flag => [flagName(flag), path.join('.')] as const)));
}

function optionRow(option: Option, names: ReadonlyMap<string, string>): string {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`;
  const value = option.defaultValueDescription ?? option.defaultValue;
  const fallback = value === undefined || value === false ? '' : ` (default: ${value})`;
  const name = names.get(option.long ?? '');
  const file = names.size === 0 ? '' : ` ${name === undefined ? '' : `\`${name}\``} |`;
  return `| \`${cell(option.flags)}\` |${file} ${cell(option.description)}${choices}${fallback} |`;
}

function describeCommand(command: Command, jobs: readonly Job[]): string[] {
  const children = command.commands;
  const help = command.createHelp();
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const below = children.flatMap(child => describeCommand(child, jobs));
  if (children.length > 0 && own.length === 0) return [`## ${pathOf(command)}`, command.description(), ...below];
  const names = fieldNames(command, jobs);
  const level = command.parent?.parent ? '###' : '##';
  const head = names.size === 0 ? ['| option | |', '|---|---|'] : ['| option | in a file | |', '|---|---|---|'];
  const examples = examplesOf(command);
  return [
    `${level} ${pathOf(command)}`,
    command.description(),
    `\`\`\`\n${[help.commandUsage(command), ...examples.map(example => `$ ${example}`)].join('\n')}\n\`\`\``,
    ...help.visibleArguments(command).map(argument => `\`${argument.name()}\`: ${argument.description}`),
    ...(own.length === 0 ? [] : [[...head, ...own.map(option => optionRow(option, names))].join('\n')]),
    ...below,
  ];
}

/** The reference of the whole command line as Markdown, made from the verbs themselves: `docs/reference.md`. */
export function writeReference(program: Command, jobs: readonly Job[]): string {
  const parts = [
    '# Reference',
    'Every verb with its options, made from the declarations by `npm run reference`. Exit codes: 0 done, 1 a `--fail-on` condition held, 2 wrong usage or input, 3 something outside failed, 130 interrupted and resumable.',
    'A job\'s settings can also stand in a YAML file (`--config FILE`, or `biolens runs start FILE` for jobs of several kinds): the names in the column "in a file", with `job`, `name`, `failOn` and `matrix` beside them, or `jobs`, a list of such, with `defaults` for all. `matrix` makes a job of each combination of its values. Relative paths start from the file\'s folder; options on the command line win.',
    ...program.commands.flatMap(command => describeCommand(command, jobs)),
  ];
  return `${parts.join('\n\n')}\n`;
}
