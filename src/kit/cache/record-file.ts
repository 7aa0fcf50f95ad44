import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';

/** Bytes of a key: SHA-256. */
export const KEY_BYTES = 32;
const CHECK_BYTES = 4;
const SEGMENT = /^segment-[\w.-]+\.bin$/;
/** Larger files are no segments of ours. */
const MOST_BYTES = 2 ** 31;

/** The records of a folder: each process appends to a segment of its own, so that none disturbs another. */
export interface RecordFolder {
  /** Length of a record's value in bytes. */
  readonly valueBytes: number;
  /** How many there are. */
  readonly size: number;
  get(key: string): Uint8Array | null;
  /** Keeps a value for {@link flush}; one that is there already stays. */
  put(key: string, value: Uint8Array): void;
  /** Appends what was put to this process's segment. */
  flush(): Promise<void>;
}

const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

function* recordsOf(bytes: Uint8Array, valueBytes: number): Generator<readonly [string, Uint8Array]> {
  const length = KEY_BYTES + valueBytes + CHECK_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A tail that is shorter than a record was torn by a crash; a record whose check fails is passed over.
  for (let at = 0; at + length <= bytes.length; at += length) {
    const body = bytes.subarray(at, at + KEY_BYTES + valueBytes);
    if (crc32(body) !== view.getUint32(at + KEY_BYTES + valueBytes, true)) continue;
    yield [toHex(body.subarray(0, KEY_BYTES)), body.subarray(KEY_BYTES)];
  }
}

async function readSegments(folder: string, valueBytes: number): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(one => SEGMENT.test(one))) {
    const file = join(folder, name);
    const size = await stat(file)
      .then(info => (info.isFile() ? info.size : 0))
      .catch(() => 0);
    if (size === 0 || size > MOST_BYTES) continue;
    const bytes = await readFile(file).catch(() => null);
    if (bytes === null) continue;
    for (const [key, value] of recordsOf(bytes, valueBytes)) found.set(key, value);
  }
  return found;
}

/**
 * Opens a folder of records of one length. A damaged or foreign file in it costs its records, never more.
 *
 * @param folder is there already
 */
export async function openRecords(folder: string, valueBytes: number): Promise<RecordFolder> {
  const known = await readSegments(folder, valueBytes);
  let waiting: Buffer[] = [];
  const segment = join(folder, `segment-${process.pid}-${Date.now().toString(36)}.bin`);
  return {
    valueBytes,
    get size() {
      return known.size;
    },
    get: key => known.get(key) ?? null,
    put(key, value) {
      if (value.length !== valueBytes)
        throw new BiolensError('usage', `"value" expected ${valueBytes} bytes, got ${value.length}`);
      if (known.has(key)) return;
      const record = Buffer.alloc(KEY_BYTES + valueBytes + CHECK_BYTES);
      record.write(key, 0, KEY_BYTES, 'hex');
      record.set(value, KEY_BYTES);
      record.writeUInt32LE(crc32(record.subarray(0, KEY_BYTES + valueBytes)), KEY_BYTES + valueBytes);
      known.set(key, record.subarray(KEY_BYTES, KEY_BYTES + valueBytes));
      waiting.push(record);
    },
    async flush() {
      if (waiting.length === 0) return;
      const bytes = Buffer.concat(waiting);
      waiting = [];
      try {
        await using handle = await open(segment, 'a', 0o600);
        await handle.appendFile(bytes);
      } catch (error) {
        // A record that was torn would put all behind it out of step.
        await rm(segment, { force: true }).catch(() => undefined);
        throw fileError(segment, error, 'write');
      }
    },
  };
}
