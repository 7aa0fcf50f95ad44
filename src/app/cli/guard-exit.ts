import { EXIT_CODES, messageOf } from '../../ground/errors.ts';
import { printable } from '../../kit/text/printable.ts';

/** What Node, V8 and ONNX Runtime say when memory cannot be had. */
const OUT_OF_MEMORY = [
  'array buffer allocation failed',
  'invalid array buffer length',
  'invalid typed array length',
  'reached heap limit',
  'due to reaching memory limit',
  'failed to allocate memory',
  'bad_alloc',
];

function isOutOfMemory(error: unknown): boolean {
  const text = messageOf(error).slice(0, 10_000).toLowerCase();
  return OUT_OF_MEMORY.some(words => text.includes(words));
}

/** The line for an error that nothing has foreseen; with `BIOLENS_DEBUG` its stack. */
export function describeUnexpected(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  if (error instanceof Error && env.BIOLENS_DEBUG) return `biolens: unexpected: ${error.stack}\n`;
  const told = printable(messageOf(error)) || 'an error without a message';
  return `biolens: ${isOutOfMemory(error) ? 'out of memory' : 'unexpected'}: ${told}\n`;
}

/** What Node exits with when a promise that is waited for can never settle. */
const NEVER_SETTLED = 13;

/**
 * Keeps the exit codes to their meaning: whatever nothing has caught ends the process with 3 and one line, since Node's own 1 would tell a
 * script that a gate failed.
 */
export function guardExit(): void {
  const end = (error: unknown): never => {
    process.stderr.write(describeUnexpected(error, process.env));
    process.exit(EXIT_CODES.external);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  process.on('exit', code => {
    if (code !== NEVER_SETTLED) return;
    process.stderr.write('biolens: unexpected: ended before the work was over\n');
    process.exitCode = EXIT_CODES.external;
  });
}
