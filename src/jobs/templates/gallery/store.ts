import { BiolensError } from '../../../ground/errors.ts';
import { type AuditEntry, auditHash, type Digest, FIRST_HASH } from './audit.ts';
import { FRESH, type LimitScope, type LimitState } from './limits.ts';
import type { GalleryConfig } from './schemas.ts';
import { type Driver, type Sql, type SqlRow, type SqlValue, tablesOf } from './sql.ts';

const VERSION = 1;
/** Writes that share a transaction, and its flush to the disk. */
const MOST_TOGETHER = 256;

/** The gallery's one row, while a transaction has it. */
interface Head {
  seq: number;
  generation: number;
  auditSeq: number;
  auditHash: string;
}

/** A template as it is stored. */
export interface StoredTemplate {
  readonly id: string;
  readonly subject: string;
  readonly generation: number;
  /** Sealed; null once it is revoked. */
  readonly record: Uint8Array | null;
  readonly enrolledAt: number;
  readonly seq: number;
}

export interface NewTemplate {
  readonly id: string;
  readonly subject: string;
  /** The client's name and its idempotency key. */
  readonly request: string;
  /** Tells whether a repeated request is the same; no digest of an embedding without a key. */
  readonly requestTag: string;
  readonly at: number;
  /** Seals the template under the key of a generation, which is known in the transaction alone. */
  readonly seal: (generation: number) => Promise<Uint8Array>;
}

const text = (value: SqlValue | undefined): string => {
  if (typeof value !== 'string') throw new BiolensError('external', 'the store holds no text where it should');
  return value;
};
const number = (value: SqlValue | undefined): number => {
  if (typeof value !== 'number') throw new BiolensError('external', 'the store holds no number where it should');
  return value;
};

function templateOf(row: SqlRow): StoredTemplate {
  return {
    id: text(row.id),
    subject: text(row.subject),
    generation: number(row.generation),
    record: row.record instanceof Uint8Array ? row.record : null,
    enrolledAt: number(row.enrolled_at),
    seq: number(row.seq),
  };
}

async function limitIn(sql: Sql, scope: LimitScope, name: string): Promise<LimitState> {
  const [row] = await sql.query('SELECT rejected, since, blocked_until FROM limits WHERE scope = $1 AND name = $2', [
    scope,
    name,
  ]);
  if (row === undefined) return FRESH;
  return { rejected: number(row.rejected), since: number(row.since), blockedUntil: number(row.blocked_until) };
}

/** What may be done within a transaction. */
export class Transaction {
  readonly #sql: Sql;
  readonly #digest: Digest;
  readonly head: Head;

  constructor(sql: Sql, head: Head, digest: Digest) {
    this.#sql = sql;
    this.head = head;
    this.#digest = digest;
  }

  async #one(statement: string, values: readonly SqlValue[]): Promise<SqlRow | undefined> {
    return (await this.#sql.query(statement, values))[0];
  }

  /** @returns the template that the request made: this one, or the one it made before. @throws {BiolensError} `input` where it was another request */
  async enroll({ id, subject, request, requestTag, at, seal }: NewTemplate): Promise<{ id: string; isNew: boolean }> {
    const known = await this.#one('SELECT id, request_tag FROM templates WHERE request = $1', [request]);
    if (known !== undefined) {
      if (text(known.request_tag) !== requestTag)
        throw new BiolensError('input', '"idempotencyKey" was used for another request');
      return { id: text(known.id), isNew: false };
    }
    const { generation } = this.head;
    const values = [id, subject, request, requestTag, generation, await seal(generation), at, ++this.head.seq];
    await this.#sql.query(
      `INSERT INTO templates (id, subject, request, request_tag, generation, record, enrolled_at, seq)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      values,
    );
    return { id, isNew: true };
  }

  /** Tombstones a subject's templates, or one of them: their records are erased. @returns how many */
  async revoke(
    subject: string,
    { template, at }: { readonly template: string | null; readonly at: number },
  ): Promise<number> {
    const rows = await this.#sql.query(
      `UPDATE templates SET revoked_at = $1, record = NULL, seq = $2
       WHERE subject = $3 AND revoked_at IS NULL AND ($4 = '' OR id = $4) RETURNING id`,
      [at, ++this.head.seq, subject, template ?? ''],
    );
    return rows.length;
  }

  /** Opens a generation; what is enrolled from now on is under its key. */
  nextGeneration(): number {
    return ++this.head.generation;
  }

  /** Puts at most `most` templates of older generations under the present key. @returns how many there were */
  async reseal(
    most: number,
    change: (template: StoredTemplate, generation: number) => Promise<Uint8Array>,
  ): Promise<number> {
    const { generation } = this.head;
    const rows = await this.#sql.query(
      `SELECT id, subject, generation, record, enrolled_at, seq FROM templates
       WHERE generation < $1 AND record IS NOT NULL ORDER BY generation, id LIMIT $2`,
      [generation, most],
    );
    for (const row of rows) {
      const template = templateOf(row);
      await this.#sql.query('UPDATE templates SET record = $1, generation = $2 WHERE id = $3', [
        await change(template, generation),
        generation,
        template.id,
      ]);
    }
    return rows.length;
  }

  limit(scope: LimitScope, name: string): Promise<LimitState> {
    return limitIn(this.#sql, scope, name);
  }

  async setLimit(scope: LimitScope, name: string, { rejected, since, blockedUntil }: LimitState): Promise<void> {
    await this.#sql.query(
      `INSERT INTO limits (scope, name, rejected, since, blocked_until) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (scope, name) DO UPDATE SET rejected = excluded.rejected, since = excluded.since, blocked_until = excluded.blocked_until`,
      [scope, name, rejected, since, blockedUntil],
    );
  }

  async log(entry: Omit<AuditEntry, 'seq' | 'hash'>): Promise<void> {
    const { at, client, action, subject, outcome } = entry;
    const seq = ++this.head.auditSeq;
    const hash = auditHash(this.head.auditHash, { ...entry, seq }, this.#digest);
    this.head.auditHash = hash;
    await this.#sql.query(
      'INSERT INTO audit (seq, at, client, action, subject, outcome, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [seq, at, client, action, subject, outcome, hash],
    );
  }
}

interface Waiting {
  readonly work: (transaction: Transaction) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A gallery in a database: templates, tombstones, limits, audit log. Writes that wait at the same time share one transaction; each is
 * acknowledged after the commit.
 */
export class GalleryStore implements AsyncDisposable {
  readonly #driver: Driver;
  readonly #digest: Digest;
  readonly config: GalleryConfig;
  readonly #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  private constructor(driver: Driver, config: GalleryConfig, digest: Digest) {
    this.#driver = driver;
    this.config = config;
    this.#digest = digest;
  }

  /**
   * Opens a gallery, or makes it.
   *
   * @throws {BiolensError} `input` where it is there with another configuration or of a later version
   */
  static async open(driver: Driver, config: GalleryConfig, digest: Digest): Promise<GalleryStore> {
    await driver.transaction(async sql => {
      for (const table of tablesOf(driver)) await sql.query(table);
      await sql.query(
        `INSERT INTO gallery (one, version, config, seq, generation, audit_seq, audit_hash)
         VALUES (1, $1, $2, 0, 1, 0, $3) ON CONFLICT (one) DO NOTHING`,
        [VERSION, JSON.stringify(config), FIRST_HASH],
      );
    });
    const [row] = await driver.read.query('SELECT version, config FROM gallery');
    if (number(row?.version) !== VERSION)
      throw new BiolensError('input', `${driver.name}: version ${row?.version}, expected ${VERSION}`);
    if (text(row?.config) !== JSON.stringify(config))
      throw new BiolensError('input', `${driver.name}: made with ${row?.config}, not ${JSON.stringify(config)}`);
    return new GalleryStore(driver, config, digest);
  }

  /** Runs `work` in a transaction; it may run again from the start where another write that shared it failed. */
  write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new BiolensError('external', 'the gallery is closed'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: value => resolve(value as T), reject });
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // What comes within the same turn of the event loop is written together.
    await new Promise(resolve => setImmediate(resolve));
    while (this.#running !== null) {
      const batch = this.#queue.splice(0, MOST_TOGETHER);
      try {
        const done = await this.#commit(batch);
        batch.forEach(({ resolve }, i) => {
          resolve(done[i]);
        });
      } catch (error) {
        // What one of them was asked in vain took the others with it: each for itself. Where the database failed, nobody knows what it wrote.
        const refused = error instanceof BiolensError && error.code !== 'external';
        for (const one of batch) {
          if (refused && batch.length > 1) await this.#commit([one]).then(([value]) => one.resolve(value), one.reject);
          else one.reject(error);
        }
      }
      // In the same turn in which the queue was found empty, or a write that comes now would wait for ever.
      if (this.#queue.length === 0) this.#running = null;
    }
  }

  #commit(batch: readonly Waiting[]): Promise<unknown[]> {
    return this.#driver.transaction(async sql => {
      const [row] = await sql.query(
        `SELECT seq, generation, audit_seq, audit_hash FROM gallery WHERE one = 1${this.#driver.forUpdate}`,
      );
      const head: Head = {
        seq: number(row?.seq),
        generation: number(row?.generation),
        auditSeq: number(row?.audit_seq),
        auditHash: text(row?.audit_hash),
      };
      const transaction = new Transaction(sql, head, this.#digest);
      const values: unknown[] = [];
      for (const { work } of batch) values.push(await work(transaction));
      await sql.query('UPDATE gallery SET seq = $1, generation = $2, audit_seq = $3, audit_hash = $4 WHERE one = 1', [
        head.seq,
        head.generation,
        head.auditSeq,
        head.auditHash,
      ]);
      return values;
    });
  }

  /** A limit as it is committed. */
  limit(scope: LimitScope, name: string): Promise<LimitState> {
    return limitIn(this.#driver.read, scope, name);
  }

  /** What changed after `seq`, in its order; revoked templates have no record. */
  async changes(seq: number, most = 5000): Promise<StoredTemplate[]> {
    const rows = await this.#driver.read.query(
      // Templates that were revoked together have one number: a page ends after all of them.
      `SELECT id, subject, generation, record, enrolled_at, seq FROM templates
       WHERE seq > $1 AND seq <= (SELECT COALESCE(MAX(page.seq), 0) FROM
         (SELECT seq FROM templates WHERE seq > $1 ORDER BY seq LIMIT $2) AS page)
       ORDER BY seq, id`,
      [seq, most],
    );
    return rows.map(templateOf);
  }

  /** Templates in the order of their identifiers, after one. */
  async templates(after: string, most = 1000): Promise<StoredTemplate[]> {
    const rows = await this.#driver.read.query(
      `SELECT id, subject, generation, record, enrolled_at, seq FROM templates
       WHERE id > $1 AND record IS NOT NULL ORDER BY id LIMIT $2`,
      [after, most],
    );
    return rows.map(templateOf);
  }

  /** The present generation of keys, and how many templates are still of older ones. */
  async generation(): Promise<{ readonly generation: number; readonly left: number }> {
    const [row] = await this.#driver.read.query(
      `SELECT g.generation AS generation,
        (SELECT COUNT(*) FROM templates t WHERE t.generation < g.generation AND t.record IS NOT NULL) AS remaining
       FROM gallery g`,
    );
    return { generation: number(row?.generation), left: number(row?.remaining) };
  }

  /** The audit log after an entry. */
  async audit(after: number, most = 1000): Promise<AuditEntry[]> {
    const rows = await this.#driver.read.query(
      'SELECT seq, at, client, action, subject, outcome, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2',
      [after, most],
    );
    return rows.map(row => ({
      seq: number(row.seq),
      at: number(row.at),
      client: text(row.client),
      action: text(row.action) as AuditEntry['action'],
      subject: row.subject === null ? null : text(row.subject),
      outcome: text(row.outcome),
      hash: text(row.hash),
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#driver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
