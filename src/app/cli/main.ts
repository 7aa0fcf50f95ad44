import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BiolensError, EXIT_CODES, messageOf } from '../../ground/errors.ts';
import { type CliIo, printable, processIo } from './io.ts';
import { registerVerbs } from './verbs/index.ts';

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return String(JSON.parse(text).version);
}

/** The whole command line, ready to parse; it writes to `io` alone and throws instead of exiting. */
export function buildProgram(io: CliIo): Command {
  const program = new Command('biolens')
    .description('Measures, repairs and protects face AI.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError(false)
    .configureHelp({ helpWidth: Math.min(io.columns, 100), showGlobalOptions: false })
    .configureOutput({ writeOut: io.out, writeErr: () => {} });
  registerVerbs(program, io);
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

function overrideExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    overrideExit(child);
  }
}

/** Runs one command line and returns its exit code; errors become one line on `io.err`. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await buildProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      io.err(`biolens: ${printable(error.message.replace(/^error: /, ''))} (see biolens --help)\n`);
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
