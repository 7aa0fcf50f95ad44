import { DEFAULT_SCALE, quantise } from '../encrypted/quantise.ts';
import type { AuditEntry } from './audit.ts';
import { LimitedError } from './errors.ts';
import { afterAcceptance, afterRejection, type LimitScope, type LimitState, waitFor } from './limits.ts';
import { Matcher, type TemplateIndex } from './matcher.ts';
import { Metrics } from './metrics.ts';
import type { OpenTable } from './product-table/index.ts';
import type { EnrollRequest, Exported, IdentifyRequest, Limits, RevokeRequest, VerifyRequest } from './schemas.ts';
import type { GalleryStore, StoredTemplate, Transaction } from './store.ts';
import { bytesToTemplate, templateToBytes } from './template-bytes.ts';

/** Which template a record belongs to; a record moved to another row does not open. */
export interface RecordPlace {
  readonly template: string;
  readonly subject: string;
  readonly generation: number;
}

/** Seals templates. */
export interface Sealer {
  seal(template: Uint8Array, place: RecordPlace): Promise<Uint8Array>;
  /** Puts a record under the key of another generation. */
  reseal(record: Uint8Array, place: RecordPlace, generation: number): Promise<Uint8Array>;
  tag(text: string): Promise<string>;
  add(generation: number): Promise<void>;
  removeBefore(generation: number): Promise<void>;
}

/** Opens them too; see `KeyRing` in `key-ring/node.ts`. */
export interface Opener extends Sealer {
  open(record: Uint8Array, place: RecordPlace): Promise<Uint8Array>;
}

/** How templates lie in memory. */
export type Matching =
  /** As whole numbers; plain JavaScript multiplies them where there is no table. */
  | { readonly keys: Opener; readonly table?: OpenTable | undefined; readonly index?: undefined }
  /** In an index of their own, whose keys need not be here; it is closed with the service. */
  | { readonly keys: Sealer; readonly index: TemplateIndex };

export type ServiceOptions = Matching & {
  readonly store: GalleryStore;
  /** `null` limits nothing: for tests of what then happens. */
  readonly limits: Limits | null;
  readonly now?: () => number;
  /** Templates that are re-keyed in one transaction. */
  readonly rekeyBatch?: number;
};

/** The product from which on a match is accepted. */
export const leastProduct = (threshold: number): number => threshold * DEFAULT_SCALE ** 2;

function indexOf(options: ServiceOptions): TemplateIndex {
  if (options.index !== undefined) return options.index;
  const { store, keys, table } = options;
  const { dimension: width, threshold } = store.config;
  return new Matcher({
    ...{ width, table, least: leastProduct(threshold) },
    open: async ({ id, subject, generation, record }) =>
      bytesToTemplate(await keys.open(record, { template: id, subject, generation }), width),
  });
}

type Attempt = { readonly action: 'verify' | 'identify'; readonly client: string; readonly subject: string | null };

/**
 * A gallery that enrolls, matches, revokes and re-keys. Templates lie sealed in the store and as whole numbers in this process's memory.
 *
 * Adversary: whoever has the database (sees subjects, times and counts, no template); a client that asks (sees accepted or not, within the
 * limits). Not kept out: whoever reads this process's memory, or has the key file with the database.
 */
export class GalleryService implements AsyncDisposable {
  readonly #store: GalleryStore;
  readonly #keys: Sealer;
  readonly #limits: Limits | null;
  readonly #now: () => number;
  readonly #index: TemplateIndex;
  readonly #rekeyBatch: number;
  readonly metrics = new Metrics();
  /** The last change that is in memory. */
  #seen = 0;
  #look: Promise<void> | null = null;
  #nextLook: Promise<void> | null = null;
  #rekeying: Promise<void> | null = null;
  #closed = false;

  private constructor(options: ServiceOptions) {
    const { store, keys, limits, now = Date.now, rekeyBatch = 200 } = options;
    this.#store = store;
    this.#keys = keys;
    this.#limits = limits;
    this.#now = now;
    this.#index = indexOf(options);
    this.#rekeyBatch = rekeyBatch;
  }

  /** Loads the gallery, and resumes re-keying where it was interrupted. Store and index are closed where it fails. */
  static async open(options: ServiceOptions): Promise<GalleryService> {
    const service = new GalleryService(options);
    try {
      await service.#catchUp();
      const { left, generation } = await options.store.generation();
      if (left > 0) service.#startRekeying();
      else await options.keys.removeBefore(generation);
      return service;
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  get size(): number {
    return this.#index.size;
  }

  /** @returns the template's identifier, once it is on the disk; a repeated request gets that of the first */
  async enroll(
    client: string,
    { subject, embedding, idempotencyKey }: EnrollRequest,
  ): Promise<{ readonly template: string }> {
    const values = this.#quantise(embedding);
    const requestTag = await this.#keys.tag(JSON.stringify([subject, [...values]]));
    const id = crypto.randomUUID();
    const at = this.#now();
    const template = templateToBytes(values);
    const { id: enrolled } = await this.#store.write(async transaction => {
      const made = await transaction.enroll({
        ...{ id, subject, requestTag, at },
        request: JSON.stringify([client, idempotencyKey]),
        seal: generation => this.#keys.seal(template, { template: id, subject, generation }),
      });
      const outcome = made.isNew ? 'enrolled' : 'repeated';
      await transaction.log({ at, client, action: 'enroll', subject, outcome });
      return made;
    });
    this.metrics.count('enroll', 'done');
    return { template: enrolled };
  }

  /** Whether an embedding is that of a subject. An unknown or revoked subject is refused like a stranger. @throws {LimitedError} */
  async verify(client: string, { subject, embedding }: VerifyRequest): Promise<{ readonly accepted: boolean }> {
    const probe = this.#quantise(embedding);
    return this.#attempt({ action: 'verify', client, subject }, async () => {
      const accepted = await this.#index.accepts(subject, probe);
      return { accepted, answer: { accepted } };
    });
  }

  /** Who an embedding is of: subjects that are accepted, the most similar first, without scores. @throws {LimitedError} */
  async identify(
    client: string,
    { embedding, top }: IdentifyRequest,
  ): Promise<{ readonly matches: readonly { readonly identity: string; readonly accepted: true }[] }> {
    const probe = this.#quantise(embedding);
    return this.#attempt({ action: 'identify', client, subject: null }, async () => {
      const found = await this.#index.search(probe, top);
      const matches = found.map(identity => ({ identity, accepted: true as const }));
      return { accepted: found.length > 0, answer: { matches } };
    });
  }

  /** Erases a subject's templates for good. */
  async revoke(client: string, { subject, template }: RevokeRequest): Promise<{ readonly revoked: number }> {
    const at = this.#now();
    const revoked = await this.#store.write(async transaction => {
      const count = await transaction.revoke(subject, { template: template ?? null, at });
      await transaction.log({ at, client, action: 'revoke', subject, outcome: `${count} revoked` });
      return count;
    });
    this.metrics.count('revoke', 'done');
    return { revoked };
  }

  /** Begins to put all templates under a new key, unless that is under way already. */
  async rekey(client: string): Promise<{ readonly generation: number; readonly left: number }> {
    const before = await this.#store.generation();
    if (before.left === 0 && this.#rekeying === null) {
      // The key is on the disk before anything is sealed with it.
      await this.#keys.add(before.generation + 1);
      const at = this.#now();
      await this.#store.write(async transaction => {
        // Another request may have been quicker.
        if (transaction.head.generation !== before.generation) return;
        const generation = transaction.nextGeneration();
        await transaction.log({ at, client, action: 'rekey', subject: null, outcome: `generation ${generation}` });
      });
      this.#startRekeying();
    }
    return this.#store.generation();
  }

  rekeying(): Promise<{ readonly generation: number; readonly left: number }> {
    return this.#store.generation();
  }

  /** Resolves once no re-keying is under way. @throws what ended it */
  async rekeyed(): Promise<void> {
    await this.#rekeying;
  }

  /** All templates, sealed. */
  async *export(client: string): AsyncGenerator<Exported> {
    const at = this.#now();
    await this.#store.write(transaction =>
      transaction.log({ at, client, action: 'export', subject: null, outcome: 'begun' }),
    );
    let after = '';
    for (;;) {
      const page = await this.#store.templates(after);
      for (const { id, subject, generation, enrolledAt, record } of page) {
        if (record === null) continue;
        yield { template: id, subject, generation, enrolledAt, record: Buffer.from(record).toString('base64') };
      }
      if (page.length === 0) return;
      after = page.at(-1)!.id;
    }
  }

  audit(after: number): Promise<AuditEntry[]> {
    return this.#store.audit(after);
  }

  /** Whether the store answers. */
  async healthy(): Promise<boolean> {
    return this.#store.generation().then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#rekeying?.catch(() => undefined);
    await this.#store.close();
    await this.#index.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #quantise(embedding: readonly number[]): Int16Array {
    const { dimension } = this.#store.config;
    return quantise(embedding, DEFAULT_SCALE, { field: 'embedding', dimension });
  }

  /** Takes in what was committed before this call. Calls that come while another looks share the next look. */
  #catchUp(): Promise<void> {
    this.#nextLook ??= (this.#look ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#look = this.#nextLook;
        this.#nextLook = null;
        return this.#takeIn();
      });
    return this.#nextLook;
  }

  async #takeIn(): Promise<void> {
    for (let failures = 0; ; ) {
      const changes = await this.#store.changes(this.#seen);
      if (changes.length === 0) return;
      try {
        const prepared = await this.#index.prepare(changes);
        for (const { apply } of prepared) apply();
        this.#seen = changes.at(-1)!.seq;
      } catch (error) {
        // Re-keying may have erased the key that a record was read under; then it is there under the new one.
        if (++failures > 2) throw error;
      }
    }
  }

  #scopes({ client, subject }: Attempt): readonly (readonly [LimitScope, string])[] {
    const own = [['client', client] as const, ['global', ''] as const];
    return subject === null ? own : [['subject', subject] as const, ['subject-window', subject] as const, ...own];
  }

  /** How long an attempt has to wait, by what is committed; who hammers a locked subject costs no search. */
  async #waitOf(attempt: Attempt): Promise<number> {
    const now = this.#now();
    const states = this.#scopes(attempt).map(([scope, name]) => this.#store.limit(scope, name));
    return Math.max(...(await Promise.all(states)).map(state => waitFor(state, now)));
  }

  /** Counts an attempt and writes it down, or says how long it has to wait. */
  async #count(
    transaction: Transaction,
    attempt: Attempt,
    { accepted, limits }: { readonly accepted: boolean; readonly limits: Limits },
  ): Promise<number> {
    const now = this.#now();
    const counted: (readonly [LimitScope, string, LimitState])[] = [];
    let wait = 0;
    for (const [scope, name] of this.#scopes(attempt)) {
      const state = await transaction.limit(scope, name);
      wait = Math.max(wait, waitFor(state, now));
      const rejected = afterRejection(state, scope, { limits, now });
      counted.push([scope, name, accepted ? afterAcceptance(rejected, scope, limits) : rejected]);
    }
    if (wait === 0) for (const [scope, name, state] of counted) await transaction.setLimit(scope, name, state);
    return wait;
  }

  /**
   * Makes an attempt. What came of it is found first, and told only after it was counted and written down in one transaction: attempts at the
   * same time are counted one after another, one that has to wait learns nothing, and neither does one whose counting was cut off.
   */
  async #attempt<T>(
    attempt: Attempt,
    match: () => Promise<{ readonly accepted: boolean; readonly answer: T }>,
  ): Promise<T> {
    const begun = performance.now();
    const limits = this.#limits;
    const limited = async (wait: number): Promise<never> => {
      this.metrics.count(attempt.action, 'limited');
      throw new LimitedError(wait);
    };
    const before = limits === null ? 0 : await this.#waitOf(attempt);
    if (before > 0) {
      await this.#store.write(transaction => transaction.log({ at: this.#now(), ...attempt, outcome: 'limited' }));
      return limited(before);
    }
    // What was revoked before this look is not in memory when the match is made.
    await this.#catchUp();
    const { accepted, answer } = await match();
    const wait = await this.#store.write(async transaction => {
      const left = limits === null ? 0 : await this.#count(transaction, attempt, { accepted, limits });
      const outcome = left > 0 ? 'limited' : accepted ? 'accepted' : 'rejected';
      await transaction.log({ at: this.#now(), ...attempt, outcome });
      return left;
    });
    if (wait > 0) return limited(wait);
    this.metrics.count(attempt.action, accepted ? 'accepted' : 'rejected');
    this.metrics.time(attempt.action, performance.now() - begun);
    return answer;
  }

  #startRekeying(): void {
    if (this.#rekeying !== null) return;
    this.#rekeying = this.#rekeyAll().finally(() => {
      this.#rekeying = null;
    });
    // Whoever waits for it hears of a failure; the next start or request goes on.
    this.#rekeying.catch(() => undefined);
  }

  async #rekeyAll(): Promise<void> {
    const change = ({ id, subject, generation, record }: StoredTemplate, next: number): Promise<Uint8Array> =>
      this.#keys.reseal(record!, { template: id, subject, generation }, next);
    for (;;) {
      if (this.#closed) return;
      const count = await this.#store.write(transaction => transaction.reseal(this.#rekeyBatch, change));
      if (count === 0) break;
    }
    // None is left under an older key: it is erased, and with it every older copy of the database.
    const { generation, left } = await this.#store.generation();
    if (left === 0) await this.#keys.removeBefore(generation);
  }
}
