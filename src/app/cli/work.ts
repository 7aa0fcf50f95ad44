import { withInterrupt } from '../../kit/runs/index.ts';
import type { CliIo } from './io.ts';
import { openProgress, type ProgressView } from './progress.ts';

/** Runs the work of a verb with progress on standard error; Ctrl-C aborts its signal. */
export function work<T>(
  io: CliIo,
  run: (context: { readonly signal: AbortSignal; readonly progress: ProgressView }) => Promise<T>,
): Promise<T> {
  const progress = openProgress(io);
  return withInterrupt(signal => run({ signal, progress })).finally(() => progress.stop());
}

/** Prints a value as JSON on standard output. */
export function printJson(io: CliIo, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}
