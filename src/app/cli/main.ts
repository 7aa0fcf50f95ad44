import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BiolensError, EXIT_CODES, messageOf } from '../../ground/errors.ts';
import type { Job } from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { JOBS } from '../jobs.ts';
import { type CliIo, processIo } from './io.ts';
import { registerVerbs } from './verbs/index.ts';

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(text).version);
}

/** The whole command line, ready to parse; it writes to `io` alone and throws instead of exiting. */
export function buildProgram(io: CliIo, jobs: readonly Job[] = JOBS): Command {
  const program = new Command('biolens')
    .description('Measures, repairs and protects face AI.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError(false)
    .configureHelp({ helpWidth: Math.min(io.columns, 100), showGlobalOptions: false })
    .configureOutput({ writeOut: io.out, writeErr: () => {} });
  registerVerbs(program, io, jobs);
  overrideExit(program);
  program
    .usage('<verb> [options]')
    .argument('[verb]')
    .action((verb: string | undefined) => {
      if (verb === undefined) return program.outputHelp();
      const known = program.commands.map(command => command.name()).join(', ');
      throw new BiolensError('usage', `there is no verb "${verb}", there are ${known}`);
    });
  return program;
}

/** Where a wrong command line happened, so that the hint leads to the help of that verb. */
const placeOf = new WeakMap<CommanderError, string>();

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** An argument that is wrong, as `--seed expected a whole number from 0, got "x"`. */
function explain({ code, message }: CommanderError): string {
  const text = message.replace(/^error: /, '');
  if (code !== 'commander.invalidArgument') return text;
  const flag = text.split(/[ ']+/).find(word => word.startsWith('-'));
  const at = text.lastIndexOf("' is invalid. ");
  return flag === undefined || at < 0 ? text : `${flag.replace(/,$/, '')} ${text.slice(at + "' is invalid. ".length)}`;
}

function overrideExit(command: Command): void {
  command.exitOverride(error => {
    placeOf.set(error, pathOf(command));
    throw error;
  });
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    overrideExit(child);
  }
}

/**
 * Runs one command line and returns its exit code; errors become one line on `io.err`.
 *
 * @param jobs those there are; tests add their own
 */
export async function runCli(args: readonly string[], io: CliIo, jobs: readonly Job[] = JOBS): Promise<number> {
  try {
    await buildProgram(io, jobs).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      io.err(`biolens: ${printable(explain(error))} (see ${placeOf.get(error) ?? 'biolens'} --help)\n`);
      return EXIT_CODES.usage;
    }
    if (error instanceof BiolensError) {
      io.err(`biolens: ${printable(messageOf(error))}\n`);
      return error.exitCode;
    }
    io.err(
      `biolens: unexpected: ${error instanceof Error && io.env.BIOLENS_DEBUG ? error.stack : printable(messageOf(error))}\n`,
    );
    return EXIT_CODES.external;
  }
}

/** Entry of the executable. */
export async function main(argv: readonly string[]): Promise<void> {
  if (process.channel !== undefined) {
    // Started by an older Node on our behalf: when that one is killed, this one must not go on unseen.
    process.on('disconnect', () => process.exit(EXIT_CODES.interrupted));
    process.channel?.unref();
  }
  process.exitCode = await runCli(argv.slice(2), processIo());
}
