import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { BiolensError, messageOf, throwIfAborted } from '../../../../ground/errors.ts';
import type { Participant } from '../participant.ts';

export interface JoinOptions {
  /** Such as `wss://coordinator.example:8440`. */
  readonly server: string;
  readonly participant: Participant;
  /** Largest message that is taken. */
  readonly mostBytes: number;
  /** Certificate authority in PEM, for a coordinator with a certificate of its own. */
  readonly ca?: string | undefined;
  /** Longest pause between attempts to connect. */
  readonly retryMs?: number;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 200;

/** One connection, until it ends; why the server has ended it, or null where it broke. */
async function takePart({ server, participant, mostBytes, ca, signal }: JoinOptions): Promise<string | null> {
  const socket = new WebSocket(server, {
    maxPayload: mostBytes,
    handshakeTimeout: 10_000,
    ...(ca === undefined ? {} : { ca }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  const stop = () => socket.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  let queue: Promise<void> = Promise.resolve();
  socket.on('error', error => reject(new BiolensError('external', `${server}: ${messageOf(error)}`, { cause: error })));
  socket.on('close', () => resolve(null));
  socket.on('message', data => {
    const bytes = Buffer.isBuffer(data) ? new Uint8Array(data) : new Uint8Array();
    queue = queue.then(async () => {
      try {
        const answer = await participant.receive(bytes);
        if (answer !== null && socket.readyState === WebSocket.OPEN) socket.send(answer);
      } catch (error) {
        if (error instanceof BiolensError && error.code === 'external') resolve(error.message);
        else reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.terminate();
  }
}

/**
 * Takes part in a federation until its server says that it is over; a connection that breaks is made again, and the round goes on where it was.
 *
 * @returns what the server said at the end
 * @throws {BiolensError} `interrupted`; `input` for a server that speaks another language
 */
export async function joinFederation(options: JoinOptions): Promise<string> {
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
    await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    pause = Math.min(retryMs, 2 * pause);
  }
}
