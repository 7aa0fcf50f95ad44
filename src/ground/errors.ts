/**
 * What went wrong, in the terms a caller can act on.
 *
 * - `usage`: an option or argument is wrong.
 * - `input`: a file, folder, label or model the user brought is wrong.
 * - `gate`: a `--fail-on` condition held.
 * - `external`: something outside (network, disk, device) failed after retries.
 * - `interrupted`: the user or a signal stopped the work; it can be resumed.
 */
export type ErrorCode = 'usage' | 'input' | 'gate' | 'external' | 'interrupted';

/** The process exit code that each error code ends in (DESIGN §4). */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  gate: 1,
  usage: 2,
  input: 2,
  external: 3,
  interrupted: 130,
};

export interface ErrorOptions {
  /** Plain, JSON-serialisable facts about the error: the file, the field, the numbers. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class of the project; its message is a single line that names the file or field. */
export class BiolensError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BiolensError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** Throws an `interrupted` error if `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new BiolensError('interrupted', 'interrupted', { cause: signal.reason });
}

/** The message of anything thrown, as one line. */
export function messageOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  return lines
    .map(line => line.trim())
    .filter(line => line !== '')
    .join(' ');
}
