import type { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import type { CliIo } from './io.ts';
import type { ProgressView } from './progress.ts';
import { work } from './work.ts';

type RunEvent = { readonly type: string };
type ResultOf<E> = Extract<E, { readonly type: 'result' }>;

export interface FollowOptions<E extends RunEvent> {
  /** What messages call the work, such as `audit`. */
  readonly what: string;
  /** Shows an event that is neither the first nor the last. */
  readonly show: (event: Exclude<E, { readonly type: 'run' | 'result' }>, progress: ProgressView) => void;
  readonly blur?: boolean;
  /** What to tell of an error after the run has begun; by default how an interrupted run goes on. */
  readonly explain?: (error: BiolensError, id: string) => BiolensError;
}

function explainInterrupt(error: BiolensError, id: string): BiolensError {
  if (error.code !== 'interrupted') return error;
  return new BiolensError('interrupted', `interrupted; biolens runs resume ${id} goes on`, { cause: error });
}

/** Follows a run to its end with progress, and writes its page. */
export function followRun<E extends RunEvent>(
  start: (signal: AbortSignal) => AsyncIterable<E>,
  io: CliIo,
  { what, show, blur = false, explain = explainInterrupt }: FollowOptions<E>,
): Promise<ResultOf<E> & { readonly page: string }> {
  const isResult = (event: E): event is ResultOf<E> => event.type === 'result';
  const isNews = (event: E): event is Exclude<E, { readonly type: 'run' | 'result' }> =>
    event.type !== 'run' && event.type !== 'result';
  return work(io, async ({ signal, progress }) => {
    let found: ResultOf<E> | undefined;
    let id = '';
    try {
      for await (const event of start(signal)) {
        if (event.type === 'run' && 'id' in event && typeof event.id === 'string') id = event.id;
        if (isResult(event)) found = event;
        else if (isNews(event)) show(event, progress);
      }
    } catch (error) {
      throw error instanceof BiolensError && id !== '' ? explain(error, id) : error;
    }
    if (found === undefined || !('path' in found) || typeof found.path !== 'string')
      throw new BiolensError('external', `the ${what} ended without a result`);
    const { freezeRun } = await import('../studio/index.ts');
    const page = await freezeRun(found.path, {
      blur,
      signal,
      onProgress: (done, total) => progress.update({ stage: 'writing the report', done, total }),
    });
    return { ...found, page };
  });
}

/**
 * The configuration of a recorded run.
 *
 * @throws {BiolensError} `input` naming the first field that is wrong.
 */
export function parseRecorded<S extends z.ZodType>(schema: S, configuration: unknown): z.output<S> {
  const parsed = schema.safeParse(configuration);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BiolensError('input', `run.json: configuration: "${issue?.path.join('.')}" ${issue?.message}`);
}
