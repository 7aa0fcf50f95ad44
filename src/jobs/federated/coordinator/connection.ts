import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import type { Participant } from './participant.ts';

/** What a socket tells of itself. */
export interface SocketEvents {
  readonly onMessage: (bytes: Uint8Array) => void;
  readonly onClose: () => void;
  readonly onError: (error: BiolensError) => void;
}

/** A connection to a coordinator, as Node and browsers both have one. */
export interface Socket {
  /** Sends a message; one that is sent on a closed connection is lost. */
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Opens a connection. */
export type Connect = (events: SocketEvents) => Socket;

export interface JoinOptions {
  readonly connect: Connect;
  readonly participant: Pick<Participant, 'receive'>;
  /** Longest pause between attempts to connect. */
  readonly retryMs?: number | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 200;

/** One connection, until it ends; why the server has ended it, or null where it broke. */
async function takePart({ connect, participant, signal }: JoinOptions): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  let queue: Promise<void> = Promise.resolve();
  const socket = connect({
    onError: reject,
    onClose: () => resolve(null),
    onMessage: bytes => {
      queue = queue.then(async () => {
        try {
          const answer = await participant.receive(bytes);
          if (answer !== null) socket.send(answer);
        } catch (error) {
          if (error instanceof BiolensError && error.code === 'external') resolve(error.message);
          else reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    },
  });
  const stop = () => socket.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.close();
  }
}

/** Waits so long, or until the signal. */
async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = () => resolve();
  signal?.addEventListener('abort', stop, { once: true });
  await promise;
  signal?.removeEventListener('abort', stop);
  clearTimeout(timer);
}

/**
 * Takes part in a federation until its server says that it is over; a connection that breaks is made again, and the round goes on where it was.
 *
 * @returns what the server said at the end
 * @throws {BiolensError} `interrupted`; `input` for a server that speaks another language
 */
export async function stayJoined(options: JoinOptions): Promise<string> {
  const { signal, log, retryMs = 30_000 } = options;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    throwIfAborted(signal);
    try {
      const reason = await takePart(options);
      if (reason !== null) return reason;
      pause = FIRST_PAUSE_MS;
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code !== 'external') throw error;
      log(`${error.message}; again in ${pause / 1000} s`);
    }
    await pauseFor(pause, signal);
    pause = Math.min(retryMs, 2 * pause);
  }
}
