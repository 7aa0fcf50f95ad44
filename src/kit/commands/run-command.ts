import { type ChildProcess, spawn } from 'node:child_process';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';

/** Of what a command says, so much is kept for the message of its failure. */
const KEPT_CHARACTERS = 4000;
const SHOWN_CHARACTERS = 300;
/** Between asking a command to end and ending it. */
const PATIENCE_MS = 5000;
/** What holds a command's output open after its end is not waited for longer. */
const LINGER_MS = 1000;

export interface RunCommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** Folder that the command starts in. */
  readonly cwd?: string | undefined;
}

/** The last thing that a command said, as one line. */
function lastWords(said: string): string {
  const lines = said
    .split(/[\r\n]+/)
    .map(line => line.trim())
    .filter(line => line !== '');
  const last = lines.at(-1) ?? '';
  return last.length <= SHOWN_CHARACTERS ? last : `${last.slice(0, SHOWN_CHARACTERS)}…`;
}

/** Ends a command and what it started. */
function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/**
 * Runs a program with its arguments and waits for its end. No shell is between: no word is split, replaced or expanded. What it prints is read and its end
 * kept for the message of a failure. When the signal is aborted the program and all that it started are asked to end, and ended after 5 s; they are ended too
 * when this process exits, but not when it is killed with SIGKILL.
 *
 * @throws {BiolensError} `usage` when there is no such program; `external` with the last line it said when it fails; `interrupted`
 */
export async function runCommand(words: readonly string[], options: RunCommandOptions = {}): Promise<void> {
  const { signal, cwd } = options;
  const [program = '', ...args] = words;
  throwIfAborted(signal);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it starts can be ended with it.
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_CHARACTERS);
    });
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    end(child, 'SIGTERM');
    killing ??= setTimeout(() => end(child, 'SIGKILL'), PATIENCE_MS);
  };
  const kill = (): void => end(child, 'SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  process.once('exit', kill);
  try {
    const { code, by } = await ended(child, program);
    throwIfAborted(signal);
    if (code === 0) return;
    const how = by === null ? `exit code ${code}` : by;
    const why = lastWords(said);
    throw new BiolensError('external', `${program}: ended with ${how}${why === '' ? '' : `: ${why}`}`);
  } finally {
    clearTimeout(killing);
    process.off('exit', kill);
    signal?.removeEventListener('abort', stop);
  }
}

interface Ending {
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
}

function ended(child: ChildProcess, program: string): Promise<Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<Ending>();
  child.once('error', (error: NodeJS.ErrnoException) => {
    const missing = error.code === 'ENOENT' || error.code === 'EACCES';
    reject(
      new BiolensError(
        missing ? 'usage' : 'external',
        missing ? `there is no program "${program}" that can be run` : `${program}: ${error.message}`,
        { cause: error },
      ),
    );
  });
  child.once('close', (code, by) => resolve({ code, by }));
  child.once('exit', (code, by) => {
    const lingering = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ code, by });
    }, LINGER_MS);
    child.once('close', () => clearTimeout(lingering));
  });
  return promise;
}
