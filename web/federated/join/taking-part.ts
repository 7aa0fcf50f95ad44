import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { SentMessage, TabJoin, TabNews, TabRequest, TabTask } from '../../../src/ground/contracts/federate-tab.ts';

export interface Sent {
  readonly message: SentMessage;
  readonly content: Blob;
}

/** How far a client in this tab is. */
export interface TakingPart {
  readonly phase: 'choosing' | 'joining' | 'here' | 'over' | 'failed';
  readonly server: string;
  readonly client: string;
  readonly images: number;
  readonly files: readonly string[];
  readonly task: TabTask | null;
  readonly bytesDown: number;
  readonly sent: readonly Sent[];
  readonly notes: readonly { readonly at: string; readonly text: string }[];
  /** Why it is over, or has failed. */
  readonly end: string | null;
}

const NOT_YET: TakingPart = {
  phase: 'choosing',
  server: '',
  client: '',
  images: 0,
  files: [],
  task: null,
  bytesDown: 0,
  sent: [],
  notes: [],
  end: null,
};

/** Lines of the log that are kept. */
const MOST_NOTES = 500;

type Step = { readonly kind: 'began'; readonly server: string } | { readonly kind: 'again' } | TabNews;

function next(now: TakingPart, step: Step): TakingPart {
  switch (step.kind) {
    case 'began':
      return { ...NOT_YET, phase: 'joining', server: step.server };
    case 'again':
      return NOT_YET;
    case 'data':
      return { ...now, phase: 'here', client: step.client, images: step.images, files: step.files };
    case 'note':
      return { ...now, notes: [...now.notes, step].slice(-MOST_NOTES) };
    case 'task':
      return { ...now, task: step.task };
    case 'received':
      return { ...now, bytesDown: now.bytesDown + step.bytes };
    case 'sent':
      return { ...now, sent: [...now.sent, step] };
    case 'over':
      return { ...now, phase: 'over', end: step.reason };
    case 'failed':
      return { ...now, phase: 'failed', end: step.message };
    case 'key':
      return now;
  }
}

const NO_WORKER = 'The client’s script could not be loaded from this studio.';

/** Starts the client; its policy lets it connect to the coordinator and to nothing else. */
const startWorker = (server: string | null): Worker =>
  new Worker(`/federate/worker.js${server === null ? '' : `?${new URLSearchParams({ server })}`}`, { type: 'module' });

export interface Client {
  readonly state: TakingPart;
  readonly join: (join: TabJoin) => void;
  readonly leave: () => void;
  /** Back to the choice; what was sent is no longer listed. */
  readonly startOver: () => void;
}

/** The client of this tab. */
export function useTakingPart(): Client {
  const [state, tell] = useReducer(next, NOT_YET);
  const worker = useRef<Worker | null>(null);
  useEffect(() => () => worker.current?.terminate(), []);
  const join = useCallback((wanted: TabJoin) => {
    worker.current?.terminate();
    const started = startWorker(wanted.server);
    worker.current = started;
    started.addEventListener('message', ({ data }: MessageEvent<TabNews>) => tell(data));
    started.addEventListener('error', () => tell({ kind: 'failed', message: NO_WORKER }));
    tell({ kind: 'began', server: wanted.server });
    started.postMessage({ kind: 'join', join: wanted } satisfies TabRequest);
  }, []);
  const leave = useCallback(() => worker.current?.postMessage({ kind: 'leave' } satisfies TabRequest), []);
  const startOver = useCallback(() => tell({ kind: 'again' }), []);
  return { state, join, leave, startOver };
}

/** Makes a key in a worker of its own. @throws Error with one line for the reader */
export function makeKey(name: string): Promise<Extract<TabNews, { kind: 'key' }>> {
  const { promise, resolve, reject } = Promise.withResolvers<Extract<TabNews, { kind: 'key' }>>();
  const worker = startWorker(null);
  worker.addEventListener('message', ({ data }: MessageEvent<TabNews>) => {
    if (data.kind === 'key') resolve(data);
  });
  worker.addEventListener('error', () => reject(new Error(NO_WORKER)));
  worker.postMessage({ kind: 'make-key', name } satisfies TabRequest);
  return promise.finally(() => worker.terminate());
}
