import { Command, CommanderError } from 'commander';
import { BiolensError, EXIT_CODES, messageOf } from '../../ground/errors.ts';
import type { Job } from '../../kit/job/index.ts';
import { packageVersion } from '../../kit/runs/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { JOBS } from '../jobs.ts';
import { explainUsage, findCommand, verbsOf, withHint } from './explain-usage.ts';
import { describeUnexpected, guardExit } from './guard-exit.ts';
import { type CliIo, processIo } from './io.ts';
import { registerVerbs } from './verbs/index.ts';

/** The whole command line, ready to parse; it writes to `io` alone and throws instead of exiting. */
export function buildProgram(io: CliIo, jobs: readonly Job[] = JOBS): Command {
  const program = new Command('biolens')
    .description('Measures, repairs and protects face AI.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError(false)
    // What stands after the words of a verb is that verb's, also where one of fewer words has the same option.
    .enablePositionalOptions()
    .configureHelp({ helpWidth: Math.min(io.columns, 100), showGlobalOptions: false })
    .configureOutput({ writeOut: io.out, writeErr: () => {} });
  registerVerbs(program, io, jobs);
  program
    .command('help')
    .argument('[verb...]', 'a verb, or the words of one, such as "bench run" (default: all)')
    .description('print the help of a verb')
    .action((verb: readonly string[]) => findCommand(program, verb).outputHelp());
  program.usage('<verb> [options]').action(() => program.outputHelp());
  overrideExit(program);
  return program;
}

/** Where a wrong command line happened, so that the hint leads to the help of that verb. */
const placeOf = new WeakMap<CommanderError, Command>();

function overrideExit(command: Command): void {
  command.exitOverride(error => {
    placeOf.set(error, command);
    throw error;
  });
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    overrideExit(child);
  }
}

/** A wrong setting leads to the help of the verb at work. */
function describeKnown(error: BiolensError, command: Command): string {
  const message = messageOf(error);
  const hinted = error.code === 'usage' && message.includes('--') && !message.includes('--help');
  return hinted ? withHint(message, command) : message;
}

/**
 * Runs one command line and returns its exit code; errors become one line on `io.err`.
 *
 * @param jobs those there are; tests add their own
 */
export async function runCli(args: readonly string[], io: CliIo, jobs: readonly Job[] = JOBS): Promise<number> {
  const program = buildProgram(io, jobs);
  let acting = program;
  program.hook('preAction', (_, command) => {
    acting = command;
  });
  try {
    findCommand(program, verbsOf(args));
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const command = placeOf.get(error) ?? acting;
      io.err(`biolens: ${printable(withHint(explainUsage(error, { command, args }), command))}\n`);
      return EXIT_CODES.usage;
    }
    if (error instanceof BiolensError) {
      io.err(`biolens: ${printable(describeKnown(error, acting))}\n`);
      return error.exitCode;
    }
    io.err(describeUnexpected(error, io.env));
    return EXIT_CODES.external;
  }
}

/** Entry of the executable. */
export async function main(argv: readonly string[]): Promise<void> {
  guardExit();
  if (process.channel !== undefined) {
    // Started by an older Node on our behalf: when that one is killed, this one must not go on unseen.
    process.on('disconnect', () => process.exit(EXIT_CODES.interrupted));
    process.channel?.unref();
  }
  process.exitCode = await runCli(argv.slice(2), processIo());
}
