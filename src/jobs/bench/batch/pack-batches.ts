import { BiolensError } from '../../../ground/errors.ts';
import {
  type BatchClient,
  type BatchEntry,
  type BatchRequest,
  ModelError,
  type RequestChange,
} from '../../../kit/vlm/index.ts';
import { bodyLength } from '../../../kit/vlm/transport.ts';
import { newToken } from './batch-book.ts';
import type { BatchTask } from './collect-batch.ts';
import { customId } from './request-ids.ts';

/** A batch that is ready to be handed in. */
export interface PackedBatch {
  readonly token: string;
  readonly entries: readonly BatchEntry[];
  /** Of its requests, without the token. */
  readonly ids: readonly string[];
}

export interface PackOptions {
  readonly client: Pick<BatchClient, 'limits' | 'encode'>;
  readonly changes: ReadonlySet<RequestChange>;
  readonly signal: AbortSignal;
  /** The request with its images. @throws {BiolensError} `input` where they cannot be sent */
  readonly request: (task: BatchTask) => Promise<BatchRequest>;
  /** Told of what cannot be sent, which is left out. */
  readonly onRefused: (task: BatchTask, error: BiolensError) => Promise<void>;
}

/** A comma or a line's end may stand between two. */
const sizeOf = ({ parts }: BatchEntry): number => bodyLength(parts) + 1;

/** Packs requests, by their ids, into batches as large as the provider takes them; memory stays at one batch. */
export async function* packBatches(
  pending: Iterable<readonly [string, BatchTask]>,
  { client, changes, signal, request, onRefused }: PackOptions,
): AsyncGenerator<PackedBatch> {
  const { limits } = client;
  const encode = async (token: string, id: string, task: BatchTask): Promise<BatchEntry | null> => {
    try {
      const entry = client.encode(customId(token, id), await request(task), changes);
      if (sizeOf(entry) <= limits.bytes) return entry;
      const most = limits.bytes.toLocaleString('en-US');
      throw new BiolensError('input', `the question with its images is larger than a batch may be (${most} bytes)`);
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code !== 'input' || error instanceof ModelError) throw error;
      await onRefused(task, error);
      return null;
    }
  };

  let [token, entries, ids, bytes] = [newToken(), [] as BatchEntry[], [] as string[], 0];
  for (const [id, task] of pending) {
    signal.throwIfAborted();
    let entry = await encode(token, id, task);
    if (entry === null) continue;
    if (entries.length >= limits.requests || bytes + sizeOf(entry) > limits.bytes) {
      yield { token, entries, ids };
      [token, entries, ids, bytes] = [newToken(), [], [], 0];
      entry = await encode(token, id, task);
      if (entry === null) continue;
    }
    entries.push(entry);
    ids.push(id);
    bytes += sizeOf(entry);
  }
  if (entries.length > 0) yield { token, entries, ids };
}
