import { BiolensError } from '../../../ground/errors.ts';
import { openStream, type RandomKey } from '../../../ground/math/index.ts';
import { listTextFiles, type SkippedFile } from './list-files.ts';
import { type Layout, readDocuments } from './read-documents.ts';

/** A text in memory. */
export interface Text {
  /** Its file within what the user named, with `#` and the row where a file holds several. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface CollectedTexts {
  readonly texts: readonly Text[];
  readonly files: number;
  readonly documents: number;
  readonly bytes: number;
  readonly skipped: readonly SkippedFile[];
}

/** Texts that are looked for, at most: the index takes 30 times as much memory. */
const MOST_BYTES = 2 ** 28;
const MOST_NAMED = 1000;

/** What a document of a file is called. */
export const documentName = (file: string, row: number): string => (row < 0 ? file : `${file}#${row}`);

export interface CollectOptions {
  readonly layout: Layout;
  /** So many of the documents are kept, at random, each cut to one of these lengths in bytes; all of them whole by default. */
  readonly sample?: { readonly most: number; readonly lengths: readonly number[]; readonly key: RandomKey };
  readonly signal?: AbortSignal | undefined;
}

/** A part of a text that splits no code point. */
function cutText(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length <= length) return bytes;
  let end = length;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/**
 * Reads all documents of a path into memory, or a random sample of them.
 *
 * @throws {BiolensError} `input` where there is no text, or more than 256 MiB of it
 */
export async function collectTexts(path: string, options: CollectOptions): Promise<CollectedTexts> {
  const { layout, sample, signal } = options;
  const { files, skipped: unlisted } = await listTextFiles(path, { signal });
  const skipped: SkippedFile[] = [...unlisted];
  const stream = sample === undefined ? null : openStream(sample.key);
  const texts: Text[] = [];
  let documents = 0;
  let total = 0;
  let kept = 0;
  for (const file of files) {
    const onSkip = (one: SkippedFile): void => {
      if (skipped.length < MOST_NAMED) skipped.push(one);
    };
    let parts: Uint8Array[] = [];
    let size = 0;
    for await (const piece of readDocuments(file, { ...layout, onSkip, signal })) {
      if (piece.first) {
        parts = [];
        size = 0;
      }
      total += piece.bytes.length;
      // Of a sample no more than the longest wanted length is held.
      const room = sample === undefined ? piece.bytes.length : Math.max(0, Math.max(...sample.lengths) + 4 - size);
      const taken = piece.bytes.subarray(0, room);
      size += taken.length;
      if (taken.length > 0) parts.push(Uint8Array.from(taken));
      if (sample === undefined && kept + size > MOST_BYTES)
        throw new BiolensError(
          'input',
          `${path}: more than ${MOST_BYTES} bytes of text, which do not fit into memory to be looked for; use a part of them`,
          { details: { file: path } },
        );
      if (!piece.last) continue;
      const name = documentName(file.file, piece.row);
      const whole = Buffer.concat(parts);
      // A reservoir: each document so far is in the sample with the same probability.
      const slot =
        sample === undefined || stream === null
          ? documents
          : documents < sample.most
            ? documents
            : stream.integer(documents + 1);
      const length =
        sample === undefined ? whole.length : (sample.lengths[slot % sample.lengths.length] ?? whole.length);
      if (sample === undefined || slot < sample.most) texts[slot] = { name, bytes: cutText(whole, length) };
      documents++;
      kept += whole.length;
    }
  }
  if (documents === 0)
    throw new BiolensError(
      'input',
      `${path}: there is no text in it${skipped[0] === undefined ? '' : ` (${skipped[0].file}: ${skipped[0].reason})`}`,
      { details: { file: path } },
    );
  return { texts, files: files.length, documents, bytes: total, skipped };
}
