import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, syncFolder } from '../../../../../ground/disk.ts';
import { BiolensError } from '../../../../../ground/errors.ts';
import { DEGREE } from '../parameters.ts';
import { type Slot, type SlotLedger, slotOf } from '../slots.ts';

const HEADER = 'biolens additive slots 1\n';
/** A reservation as it lies in the file: its end, of fixed width, and the same again, so that a torn line is seen. */
const LINE = /^(\d{16}) \1\n$/;
const LINE_BYTES = 34;

/**
 * Opens the file in which it is written down which slots were given out. It only grows, and each reservation is flushed to the disk before
 * the slots are; a process that is killed loses at most slots that nobody used.
 *
 * @throws {BiolensError} `input` naming a file that is none, or was changed
 */
export async function openSlotLedger(path: string): Promise<SlotLedger & AsyncDisposable> {
  let handle: FileHandle;
  let next = 0;
  let size: number;
  try {
    handle = await open(path, 'a+', 0o600);
    size = (await handle.stat()).size;
    const text = (await handle.readFile('utf8')).toString();
    if (size === 0) {
      await handle.write(HEADER);
      await handle.sync();
      await syncFolder(dirname(path));
    } else if (!text.startsWith(HEADER.slice(0, text.length)))
      throw new BiolensError('input', `${path}: no ledger of slots`);
    const body = text.slice(HEADER.length);
    const lines = Math.floor(body.length / LINE_BYTES);
    for (let i = 0; i < lines; i++) {
      const end = Number(LINE.exec(body.slice(i * LINE_BYTES, (i + 1) * LINE_BYTES))?.[1]);
      if (!(end > next)) throw new BiolensError('input', `${path}: line ${i + 2} was changed`);
      next = end;
    }
    // What a kill tore off in the middle of a line was promised to nobody.
    if (size > 0) await handle.truncate(text.length < HEADER.length ? 0 : HEADER.length + lines * LINE_BYTES);
    if (size > 0 && text.length < HEADER.length) await handle.write(HEADER);
    await handle.sync();
  } catch (error) {
    throw fileError(path, error);
  }
  let last: Promise<unknown> = Promise.resolve();
  const reserve = async (count: number): Promise<Slot[]> => {
    const [begin, end] = [next, next + count];
    // Counted at once: slots of a reservation that failed are given to nobody.
    next = end;
    const digits = String(end).padStart(16, '0');
    await handle.write(`${digits} ${digits}\n`);
    await handle.datasync();
    return Array.from({ length: count }, (_, i) => slotOf(begin + i));
  };
  return {
    reserve: async count => {
      if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
        throw new BiolensError('usage', `"count" expected a whole number from 1 to 1000000, got ${count}`);
      const done = last.then(() => reserve(count));
      last = done.catch(() => undefined);
      return done;
    },
    newBlock: () => {
      next = Math.ceil(next / DEGREE) * DEGREE;
    },
    [Symbol.asyncDispose]: async () => {
      await last;
      await handle.close();
    },
  };
}
