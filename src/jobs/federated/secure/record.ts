import { BiolensError } from '../../../ground/errors.ts';
import { ByteReader, ByteWriter } from '../wire/bytes.ts';
import { type CohortPlan, MOST_CLIENTS } from './parameters.ts';
import { KEY_BYTES, type Primitives } from './primitives.ts';

/** Version of the protocol; clients of another one are refused. */
export const PROTOCOL = 1;
export const MOST_ENTRIES = 2 ** 28;
const MOST_NAME_BYTES = 200;

/** Who may take part, known to all of them beforehand: position in the list is a client's number. */
export interface Roster {
  readonly members: readonly {
    readonly name: string;
    readonly key: Uint8Array;
    /** Whoever has its key is not taken for it any more. The roster's digest is as before, so that a federation goes on. */
    readonly revoked?: boolean;
  }[];
}

/** The roster as one digest, which every signature of a round covers. */
export function rosterDigest({ members }: Roster, { sha256 }: Pick<Primitives, 'sha256'>): Uint8Array {
  const writer = new ByteWriter().text('biolens roster').u32(members.length);
  for (const { name, key } of members) writer.text(name).bytes(key);
  return sha256(writer.finish());
}

/** @throws {BiolensError} `input` for a key that occurs twice, a name that does, or a key of another length */
export function checkRoster({ members }: Roster): void {
  if (members.length > MOST_CLIENTS)
    throw new BiolensError('input', `roster: ${members.length} clients, expected at most ${MOST_CLIENTS}`);
  const seen = new Map<string, string>();
  for (const { name, key } of members) {
    if (key.length !== KEY_BYTES)
      throw new BiolensError('input', `roster: the key of ${name} has ${key.length} bytes, expected ${KEY_BYTES}`);
    for (const mark of [`name ${name}`, `key ${key.join()}`]) {
      const other = seen.get(mark);
      if (other !== undefined)
        throw new BiolensError('input', `roster: ${name} and ${other} have one ${mark.split(' ')[0]}`);
      seen.set(mark, name);
    }
  }
}

/** What a round is: every client signs it, so that none can be told another one. */
export interface RoundRecord {
  /** Names the federation; 32 random bytes. */
  readonly session: Uint8Array;
  readonly round: number;
  /** Of the roster. */
  readonly roster: Uint8Array;
  /** Of the model that is trained on. */
  readonly model: Uint8Array;
  /** Entries of a vector. */
  readonly entries: number;
  /** Entries are whole numbers modulo 2^bits. */
  readonly bits: number;
  readonly plan: CohortPlan;
  /** Fewer clients than these make no round. */
  readonly leastClients: number;
  /** What the numbers mean to the task, such as its quantiser: signed with the rest. */
  readonly about: Uint8Array;
}

const MOST_ABOUT_BYTES = 4096;

export function writeRecord(record: RoundRecord): Uint8Array {
  const { session, round, roster, model, entries, bits, plan, leastClients, about } = record;
  return new ByteWriter()
    .u32(PROTOCOL)
    .raw(session)
    .u32(round)
    .raw(roster)
    .raw(model)
    .u32(entries)
    .u8(bits)
    .f64(plan.dropout)
    .f64(plan.corrupt)
    .u32(plan.neighbours)
    .u32(leastClients)
    .bytes(about)
    .finish();
}

/** @throws {BiolensError} `input` naming the field */
export function readRecord(bytes: Uint8Array): RoundRecord {
  const reader = new ByteReader(bytes, 'round record');
  const protocol = reader.u32();
  if (protocol !== PROTOCOL) reader.refuse(`protocol ${protocol}, expected ${PROTOCOL}`);
  const record = {
    session: reader.raw(KEY_BYTES).slice(),
    round: reader.u32(),
    roster: reader.raw(KEY_BYTES).slice(),
    model: reader.raw(KEY_BYTES).slice(),
    entries: reader.u32(),
    bits: reader.u8(),
    plan: { dropout: reader.f64(), corrupt: reader.f64(), neighbours: reader.u32() },
    leastClients: reader.u32(),
    about: reader.bytes(MOST_ABOUT_BYTES).slice(),
  };
  reader.end();
  const { entries, bits } = record;
  if (entries < 1 || entries > MOST_ENTRIES) reader.refuse(`${entries} entries, expected 1 to ${MOST_ENTRIES}`);
  if (bits < 1 || bits > 32) reader.refuse(`"bits" expected 1 to 32, got ${bits}`);
  return record;
}

/** The digest that binds every message to its round. */
export function contextOf(record: RoundRecord, { sha256 }: Pick<Primitives, 'sha256'>): Uint8Array {
  return sha256(new ByteWriter().text('biolens round').bytes(writeRecord(record)).finish());
}

/** A name as messages say it. */
export const nameIn = ({ members }: Roster, client: number): string =>
  `client ${members[client]?.name.slice(0, MOST_NAME_BYTES) ?? client}`;
