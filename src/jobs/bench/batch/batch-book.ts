import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import type { RequestChange } from '../../../kit/vlm/index.ts';
import { REQUEST_CHANGES } from '../../../kit/vlm/request-form.ts';

/** In the artifacts of a run: the batches that were handed in, and what became of each. */
export const BATCHES_FILE = 'batches.json';

/**
 * How far a batch is.
 *
 * - `submitting`: it is about to be handed in, so that it may have been.
 * - `open`: the provider has it.
 * - `collected`: all its results are among the answers; `forgotten`: and the provider has deleted them.
 * - `lost`: the provider does not have it, or refused it as a whole.
 */
const stateSchema = z.enum(['submitting', 'open', 'collected', 'forgotten', 'lost']);

const batchSchema = z.strictObject({
  token: z.string().regex(/^[a-z0-9]{10,40}$/),
  state: stateSchema,
  /** The provider's name for it. */
  id: z.string().max(300).nullable(),
  /** The provider's name for the file that was uploaded for it. */
  file: z.string().max(300).nullable(),
  submittedAt: z.iso.datetime(),
  cancelled: z.boolean(),
  /** What the requests in it were changed by. */
  changes: z.array(z.enum(REQUEST_CHANGES)),
  /** Ids of its requests, without the token. */
  requests: z.array(z.string().regex(/^[0-9a-f]{40}$/)).max(100_000),
});
export type BookedBatch = z.infer<typeof batchSchema>;

const bookSchema = z.strictObject({
  schema: z.literal('biolens/bench-batches@1'),
  /** Changes that the provider was found to want. */
  changes: z.array(z.enum(REQUEST_CHANGES)),
  batches: z.array(batchSchema).max(10_000),
});
type Book = z.infer<typeof bookSchema>;

/** Where the book is kept; a run's artifacts are one. */
export interface BookShelf {
  /** Undefined where nothing was written yet. */
  read(): Promise<unknown>;
  /** Resolves once it would survive a power cut. */
  write(text: string): Promise<void>;
}

/** What a run remembers of its batches; every change is on disk before what it allows is done. */
export class BatchBook {
  readonly #shelf: BookShelf;
  #book: Book;

  private constructor(shelf: BookShelf, book: Book) {
    this.#shelf = shelf;
    this.#book = book;
  }

  /** @throws {BiolensError} `input` naming what is wrong in the file */
  static async open(shelf: BookShelf): Promise<BatchBook> {
    const stored = await shelf.read();
    if (stored === undefined)
      return new BatchBook(shelf, { schema: 'biolens/bench-batches@1', changes: [], batches: [] });
    const parsed = bookSchema.safeParse(stored);
    if (parsed.success) return new BatchBook(shelf, parsed.data);
    const [issue] = parsed.error.issues;
    throw new BiolensError('input', `artifacts/${BATCHES_FILE}: "${issue?.path.join('.')}" ${issue?.message}`);
  }

  get batches(): readonly BookedBatch[] {
    return this.#book.batches;
  }

  get changes(): ReadonlySet<RequestChange> {
    return new Set(this.#book.changes);
  }

  in(...states: readonly BookedBatch['state'][]): readonly BookedBatch[] {
    return this.#book.batches.filter(({ state }) => states.includes(state));
  }

  /** How often each request was in a batch that came to its end; those that were in none are missing. */
  tries(): ReadonlyMap<string, number> {
    const tries = new Map<string, number>();
    for (const { requests } of this.in('collected', 'forgotten'))
      for (const request of requests) tries.set(request, (tries.get(request) ?? 0) + 1);
    return tries;
  }

  async learn(changes: Iterable<RequestChange>): Promise<void> {
    const known = new Set([...this.#book.changes, ...changes]);
    if (known.size === this.#book.changes.length) return;
    await this.#save({ ...this.#book, changes: [...known] });
  }

  /** Writes down that a batch is about to be handed in. */
  async begin(
    token: string,
    { requests, changes }: { readonly requests: readonly string[]; readonly changes: ReadonlySet<RequestChange> },
  ): Promise<void> {
    const batch: BookedBatch = {
      token,
      state: 'submitting',
      id: null,
      file: null,
      submittedAt: new Date().toISOString(),
      cancelled: false,
      changes: [...changes],
      requests: [...requests],
    };
    await this.#save({ ...this.#book, batches: [...this.#book.batches, batch] });
  }

  async change(token: string, change: Partial<Omit<BookedBatch, 'token'>>): Promise<void> {
    const batches = this.#book.batches.map(batch => (batch.token === token ? { ...batch, ...change } : batch));
    await this.#save({ ...this.#book, batches });
  }

  async #save(book: Book): Promise<void> {
    this.#book = book;
    await this.#shelf.write(`${JSON.stringify(book)}\n`);
  }
}

/** A name for a new batch: letters and digits alone, since providers use it as a name of a file, a part of an id and a boundary. */
export const newToken = (): string => `bl${randomBytes(8).toString('hex')}`;
