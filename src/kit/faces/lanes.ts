import { availableParallelism } from 'node:os';
import type { LoadOptions, Runtime, RuntimeOptions, Session } from '../tensor/index.ts';
import { openRuntime } from '../tensor/node.ts';

/** Each lane holds its own copy of the weights; beyond four, more threads a lane are worth more than more lanes. */
const MAX_LANES = 4;

/** Several runtimes that look like one: a run goes to the one with the least to do. */
export interface Lanes extends Runtime {
  /** Runs that make progress at the same time. */
  readonly count: number;
}

/** @param pending runs under way in each lane, of all models together. */
function laneSession(sessions: readonly Session[], pending: number[]): Session {
  const [first] = sessions as readonly [Session, ...Session[]];
  return {
    inputs: first.inputs,
    outputs: first.outputs,
    run: async (feeds, options) => {
      const lane = pending.indexOf(Math.min(...pending));
      pending[lane]!++;
      try {
        return await sessions[lane]!.run(feeds, options);
      } finally {
        pending[lane]!--;
      }
    },
    close: async () => {
      await Promise.all(sessions.map(session => session.close()));
    },
  };
}

/** Someone else's runtime, or lanes, as lanes that are left open when they are closed. */
export function borrowLanes(runtime: Runtime & { readonly count?: number }): Lanes {
  return { ...runtime, count: runtime.count ?? 1, close: async () => undefined };
}

/**
 * Opens as many runtimes of one thread as there are cores, up to four; further cores become threads of each. Images are
 * independent, so that side by side they use the cores fully even where other programs take a share of them; threads that
 * work on one image together wait for the slowest at every layer.
 *
 * @throws BiolensError `usage` when the device is not there.
 */
export async function openLanes(options: RuntimeOptions = {}): Promise<Lanes> {
  const { threads = availableParallelism() } = options;
  const opened: Runtime[] = [];
  const open = async (laneThreads: number) => {
    const runtime = await openRuntime({ ...options, threads: laneThreads });
    opened.push(runtime);
    return runtime;
  };
  const close = async () => {
    await Promise.all(opened.map(runtime => runtime.close()));
  };
  try {
    const count = Math.max(1, Math.min(threads, MAX_LANES));
    const first = await open(Math.floor(threads / count));
    // A graphics device runs one thing at a time.
    if (first.device === 'cpu') for (let lane = 1; lane < count; lane++) await open(Math.floor(threads / count));
    const pending = opened.map(() => 0);
    const load = async (model: Uint8Array, loadOptions?: LoadOptions) => {
      const sessions: Session[] = [];
      for (const runtime of opened) sessions.push(await runtime.load(model, loadOptions));
      return laneSession(sessions, pending);
    };
    return { ...first, count: opened.length, load, close };
  } catch (error) {
    await close();
    throw error;
  }
}
