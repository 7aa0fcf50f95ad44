import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '../../../../ground/disk.ts';
import { MOST_CLIENTS } from '../../secure/parameters.ts';
import { type RoundRecord, readRecord, writeRecord } from '../../secure/record.ts';
import { ByteReader, ByteWriter } from '../../wire/bytes.ts';
import { PRIVATE_FILE } from '../state/node.ts';

/** What a journal has, first its round: then a client's message that was taken, or a step that was closed. */
export type JournalEntry =
  | { readonly kind: 'round'; readonly record: RoundRecord; readonly invited: readonly number[] }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'advance' };

/** An entry is its mark, the length of its bytes, and them. */
const MARKS = ['round', 'frame', 'advance'] as const satisfies readonly JournalEntry['kind'][];
const HEAD_BYTES = 5;

function bodyOf(entry: JournalEntry): Uint8Array {
  if (entry.kind !== 'round') return entry.kind === 'frame' ? entry.bytes : new Uint8Array();
  const body = new ByteWriter().u32(entry.invited.length);
  for (const client of entry.invited) body.u32(client);
  return body.raw(writeRecord(entry.record)).finish();
}

function readRound(bytes: Uint8Array, path: string): JournalEntry {
  const reader = new ByteReader(bytes, path);
  const count = reader.count(MOST_CLIENTS, 4);
  const invited = Array.from({ length: count }, () => reader.u32());
  return { kind: 'round', record: readRecord(reader.raw(reader.left)), invited };
}

/**
 * The entries of a journal, one after the other, so that vectors are not all held at once. It ends before a torn last entry, which was never
 * answered, and has none where the file is missing.
 *
 * @returns each with the place where it ends
 * @throws {BiolensError} `input` naming the file
 */
export async function* readJournal(
  path: string,
): AsyncGenerator<{ readonly entry: JournalEntry; readonly end: number }, void> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw fileError(path, error);
  });
  if (file === null) return;
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<Buffer | null> =>
      at + length > size ? null : (await file.read(Buffer.alloc(length), 0, length, at)).buffer;
    for (let at = 0; ; ) {
      const head = await read(at, HEAD_BYTES);
      const body = head === null ? null : await read(at + HEAD_BYTES, head.readUInt32LE(1));
      if (head === null || body === null) return;
      const kind = MARKS[head.readUInt8()];
      // A round stands at the beginning and nowhere else; zeros that a loss of power leaves are none.
      if (kind === undefined || (kind === 'round') !== (at === 0)) return;
      const bytes = new Uint8Array(body);
      at += HEAD_BYTES + bytes.length;
      const entry: JournalEntry =
        kind === 'round' ? readRound(bytes, path) : kind === 'frame' ? { kind, bytes } : { kind };
      yield { entry, end: at };
    }
  } finally {
    await file.close();
  }
}

/** What a round has been told, on the disk before it is answered. */
export class Journal {
  readonly #file: FileHandle;
  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens a journal to go on where its last whole entry ends: what is written behind a torn one could not be read. */
  static async open(path: string, end: number): Promise<Journal> {
    const file = await open(path, 'a', PRIVATE_FILE).catch(error => {
      throw fileError(path, error, 'write');
    });
    await file.truncate(end);
    return new Journal(file);
  }

  async append(entry: JournalEntry): Promise<void> {
    const body = bodyOf(entry);
    const head = new ByteWriter(HEAD_BYTES).u8(MARKS.indexOf(entry.kind)).u32(body.length);
    await this.#file.appendFile(head.finish());
    await this.#file.appendFile(body);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
