import type { Skipped } from '../../ground/contracts/index.ts';
import type { Matrix } from '../../ground/math/index.ts';
import type { Embedder } from './embedder.ts';
import type { Embedded, NoFacePolicy } from './finding.ts';
import { type ScanEvent, type ScanOptions, scanFolder } from './scan-folder.ts';

export type EmbedEvent = ScanEvent<Embedded>;

export interface EmbedFolderOptions extends ScanOptions {
  readonly embedder: Embedder;
  /** Default `skip`: the image is skipped with the reason `no face found`. */
  readonly noFace?: NoFacePolicy | undefined;
}

/** The embeddings of a folder, one row a file that could be embedded, in the order of the files. */
export interface FolderEmbeddings {
  readonly files: readonly string[];
  readonly matrix: Matrix;
  readonly skipped: readonly Skipped[];
}

/**
 * Embeds the largest face of each image of a folder.
 *
 * @throws BiolensError `input` for a folder that is missing, unreadable or without images; `interrupted`.
 */
export function embedFolder(directory: string, options: EmbedFolderOptions): AsyncGenerator<EmbedEvent> {
  const { embedder, noFace, ...rest } = options;
  return scanFolder<Embedded>(
    directory,
    async (image, signal) => {
      const [embedded = null] = await embedder.embed([image], { noFace, signal });
      return embedded ?? { skip: 'no face found' };
    },
    { ...rest, concurrency: embedder.concurrency },
  );
}

/** Gathers the events of {@link embedFolder} into one matrix, handing each on to `onEvent` as it comes. */
export async function collectEmbeddings(
  events: AsyncIterable<EmbedEvent>,
  onEvent: (event: EmbedEvent) => void = () => undefined,
): Promise<FolderEmbeddings> {
  const files: string[] = [];
  const skipped: Skipped[] = [];
  const rows: Float32Array[] = [];
  for await (const event of events) {
    onEvent(event);
    if (event.type === 'skipped') skipped.push({ file: event.file, reason: event.reason });
    if (event.type !== 'item') continue;
    files.push(event.file);
    rows.push(event.embedding);
  }
  const cols = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * cols);
  rows.forEach((row, i) => {
    data.set(row, i * cols);
  });
  return { files, matrix: { rows: rows.length, cols, data }, skipped };
}
