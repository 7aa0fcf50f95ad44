import { stat } from 'node:fs/promises';
import { type PrivacyEvent, type PrivacyEventInput, privacyEventSchema } from '../../ground/contracts/index.ts';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { ItemLog, readItems } from '../runs/index.ts';
import { MOST_EVENTS, privacyEvent } from './ledger.ts';

/** Name of the ledger in a run's folder. */
export const LEDGER_FILE = 'ledger.jsonl';

const MOST_BYTES = 1e9;

/**
 * The events of a ledger file, in order: one JSON value a line, with a checksum in blanks after it. A last line that a crash has torn is left
 * out: what it says was not released, because an event is on the disk before its release leaves. A missing file has no events.
 *
 * @throws BiolensError `input` naming the file and the line that is no event, or was changed after it was written
 */
export async function readLedger(path: string): Promise<PrivacyEvent[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw fileError(path, error);
  });
  if (found === undefined) return [];
  if (!found.isFile()) throw new BiolensError('input', `${path}: not a plain file`);
  if (found.size > MOST_BYTES)
    throw new BiolensError('input', `${path}: ${found.size} bytes, expected at most ${MOST_BYTES}`);
  const events: PrivacyEvent[] = [];
  for await (const event of readItems(path, privacyEventSchema)) {
    if (events.push(event) > MOST_EVENTS) throw new BiolensError('input', `${path}: more than ${MOST_EVENTS} events`);
  }
  return events;
}

/** A ledger that is open for more events. */
export interface PrivacyLedger extends AsyncDisposable {
  /** What stands in it, in order. */
  readonly events: readonly PrivacyEvent[];
  /**
   * Writes an event and waits until it is on the disk. Release only after that: a crash in between costs budget and never hides a release.
   *
   * @throws BiolensError `input` for an event that is none, or when the disk does not take it
   */
  append(event: PrivacyEventInput): Promise<PrivacyEvent>;
}

/**
 * Opens a ledger file for appending, creating it where it is not there.
 *
 * @throws BiolensError `input` naming the file, as {@link readLedger}
 */
export async function openLedger(path: string): Promise<PrivacyLedger> {
  const events = await readLedger(path);
  const log = await ItemLog.open(path);
  return {
    events,
    async append(input) {
      const event = privacyEvent(input);
      await log.append(event);
      events.push(event);
      return event;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
}
