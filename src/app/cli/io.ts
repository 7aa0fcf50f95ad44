import { explainSystemError } from '../../ground/disk.ts';
import { EXIT_CODES } from '../../ground/errors.ts';

/** Where the command line reads and writes; tests pass their own. */
export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard error is a terminal: progress may be shown as a bar. */
  readonly interactive: boolean;
  /** Columns of the terminal, 80 where there is none. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The process's own streams. When whoever reads the output has had enough (`biolens … | head`), the rest is dropped quietly and the work
 * ends as it would have. Output that could not be written for another reason is one line on standard error, and exit code 3: a result that
 * nobody can read is none.
 */
export function processIo(): CliIo {
  let open = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!open) return;
    open = false;
    if (error.code === 'EPIPE') return;
    process.stderr.write(`biolens: standard output: ${explainSystemError(error, 'write')}\n`);
    process.on('exit', () => {
      process.exitCode = EXIT_CODES.external;
    });
  });
  // There is nowhere left to say it.
  process.stderr.on('error', () => undefined);
  return {
    out: text => void (open && process.stdout.write(text)),
    err: text => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    columns: process.stderr.columns ?? 80,
    env: process.env,
  };
}
