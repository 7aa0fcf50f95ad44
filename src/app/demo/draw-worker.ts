import { parentPort, workerData } from 'node:worker_threads';
import { BiolensError, type ErrorCode, messageOf } from '../../ground/errors.ts';
import { type RenderFacesOptions, renderFaces } from '../../kit/drawing/index.ts';

/** A set to draw, and where it goes. */
export interface DrawTask {
  readonly folder: string;
  readonly options: Omit<RenderFacesOptions, 'signal'>;
}

/** What a thread that draws says: another face is done, or why it ended. */
export type DrawAnswer =
  | { readonly type: 'face' }
  | { readonly type: 'failed'; readonly code: ErrorCode | null; readonly message: string };

async function draw(tasks: readonly DrawTask[], say: (answer: DrawAnswer) => void): Promise<void> {
  try {
    for (const { folder, options } of tasks) {
      for await (const event of renderFaces(folder, options)) if (event.type === 'progress') say({ type: 'face' });
    }
  } catch (error) {
    say({ type: 'failed', code: error instanceof BiolensError ? error.code : null, message: messageOf(error) });
  }
}

await draw(workerData, answer => parentPort?.postMessage(answer));
