/** A value that a database takes and gives. */
export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Runs statements; parameters are `$1`, `$2`, …. */
export interface Sql {
  query(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** A database as the store needs it: one connection that writes, one that reads what is committed. */
export interface Driver {
  /** For messages. */
  readonly name: string;
  /** Types whose names databases disagree on. */
  readonly types: { readonly bytes: string; readonly number: string };
  /** Locks a row until the transaction ends, where that is not so anyway. */
  readonly forUpdate: string;
  /** Runs `work` in one transaction, alone: durable when it resolves, without effect when it rejects. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Reads what is committed, never what a transaction in progress has written. */
  readonly read: Sql;
  close(): Promise<void>;
}

/** The tables of a gallery, made where they are not there yet. */
export const tablesOf = ({ types: { bytes, number } }: Driver): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS gallery (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version ${number} NOT NULL,
    config TEXT NOT NULL,
    seq ${number} NOT NULL,
    generation ${number} NOT NULL,
    audit_seq ${number} NOT NULL,
    audit_hash TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS templates (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    request TEXT NOT NULL UNIQUE,
    request_tag TEXT NOT NULL,
    generation ${number} NOT NULL,
    record ${bytes},
    enrolled_at ${number} NOT NULL,
    revoked_at ${number},
    seq ${number} NOT NULL,
    CHECK ((record IS NULL) = (revoked_at IS NOT NULL))
  )`,
  'CREATE INDEX IF NOT EXISTS templates_seq ON templates (seq)',
  'CREATE INDEX IF NOT EXISTS templates_subject ON templates (subject)',
  'CREATE INDEX IF NOT EXISTS templates_generation ON templates (generation)',
  `CREATE TABLE IF NOT EXISTS limits (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    rejected ${number} NOT NULL,
    since ${number} NOT NULL,
    blocked_until ${number} NOT NULL,
    PRIMARY KEY (scope, name)
  )`,
  `CREATE TABLE IF NOT EXISTS audit (
    seq ${number} PRIMARY KEY,
    at ${number} NOT NULL,
    client TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    outcome TEXT NOT NULL,
    hash TEXT NOT NULL
  )`,
];
