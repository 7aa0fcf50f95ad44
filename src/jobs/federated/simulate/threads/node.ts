import { openRuntime } from '../../../../kit/tensor/node.ts';
import type { OpenTrainerRuntime } from '../trainers.ts';

/** An engine in a thread of its own: results do not depend on how many clients train at once. */
export const openThread: OpenTrainerRuntime = signal => openRuntime({ device: 'cpu', threads: 1, signal });
