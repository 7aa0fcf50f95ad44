import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, syncFolder } from '../../../../../ground/disk.ts';
import { BiolensError } from '../../../../../ground/errors.ts';
import { lockHolder, lockRun } from '../../../../../kit/runs/lock.ts';
import { DEGREE } from '../parameters.ts';
import { type SlotLedger, slotOf } from '../slots.ts';

const HEADER = 'biolens additive slots 1\n';
/** A reservation as it lies in the file: its end, of fixed width, and the same again, so that a torn line is seen. */
const LINE = /^(\d{16}) \1\n$/;
const LINE_BYTES = 34;

/** Keeps everybody else from giving out the same slots, as long as this process lives; its lock lies in a folder beside the ledger. */
async function lockLedger(path: string, onLost: () => void): Promise<() => Promise<void>> {
  const folder = `${path}.lock`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(folder, error, 'write');
  }
  try {
    return await lockRun(folder, onLost);
  } catch (error) {
    const holder = await lockHolder(folder);
    if (holder === undefined) throw error;
    throw new BiolensError('usage', `${path}: process ${holder.pid} on ${holder.host} gives out its slots`, {
      cause: error,
    });
  }
}

/**
 * Opens the file in which it is written down which slots were given out. It only grows, and each reservation is flushed to the disk before
 * the slots are; a process that is killed loses at most slots that nobody used. One at a time has it open.
 *
 * @throws {BiolensError} `input` naming a file that is none, or was changed; `usage` where it is open already
 */
export async function openSlotLedger(path: string): Promise<SlotLedger & AsyncDisposable> {
  let isLost = false;
  const unlock = await lockLedger(path, () => {
    isLost = true;
  });
  try {
    return await openLocked(path, { isLost: () => isLost, unlock });
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openLocked(
  path: string,
  { isLost, unlock }: { readonly isLost: () => boolean; readonly unlock: () => Promise<void> },
): Promise<SlotLedger & AsyncDisposable> {
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
  /** One after another, whatever became of those before. */
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    const done = last.then(write);
    last = done.catch(() => undefined);
    return done;
  };
  const giveOut = async (end: number): Promise<void> => {
    if (isLost()) throw new BiolensError('external', `${path}: another machine took it over`);
    // Counted at once: slots of a reservation that failed are given to nobody.
    next = end;
    const digits = String(end).padStart(16, '0');
    await handle.write(`${digits} ${digits}\n`);
    await handle.datasync();
  };
  return {
    reserve: async count => {
      if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
        throw new BiolensError('usage', `"count" expected a whole number from 1 to 1000000, got ${count}`);
      return inTurn(async () => {
        const begin = next;
        await giveOut(begin + count);
        return Array.from({ length: count }, (_, i) => slotOf(begin + i));
      });
    },
    newBlock: () => {
      void inTurn(async () => {
        const end = Math.ceil(next / DEGREE) * DEGREE;
        if (end > next) await giveOut(end);
      }).catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      await last;
      await handle.close();
      await unlock();
    },
  };
}
