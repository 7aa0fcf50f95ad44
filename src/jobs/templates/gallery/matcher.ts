import { gatherSearches } from './gather-searches.ts';
import type { OpenTable, ProductTable } from './product-table/index.ts';
import { plainTable } from './product-table/index.ts';
import type { StoredTemplate } from './store.ts';

/** A change of the store that only has to be taken in. */
export interface Prepared {
  readonly seq: number;
  apply(): void;
}

/** The templates that a service matches with, in memory. */
export interface TemplateIndex {
  readonly size: number;
  /** Reads changes of the store, in their order. What is prepared by two calls must be applied in the order of the calls. */
  prepare(changes: readonly StoredTemplate[]): Promise<readonly Prepared[]>;
  /** Whether a probe reaches the threshold with a template of a subject; an unknown subject takes as long as one with a single template. */
  accepts(subject: string, probe: Int16Array): Promise<boolean>;
  /** The subjects whose best template reaches the threshold, the most similar first. */
  search(probe: Int16Array, top: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens a sealed record into whole numbers. */
export type OpenRecord = (template: StoredTemplate & { readonly record: Uint8Array }) => Promise<Int16Array>;

/** Searches that are made in one pass over the templates, at most. */
const MOST_TOGETHER = 32;

/** Templates in memory as whole numbers: 1:1 and 1:N compare by the same products. */
export class Matcher implements TemplateIndex {
  readonly #open: OpenRecord;
  readonly #least: number;
  readonly #table: ProductTable;
  /** Identifier and subject of each row. */
  readonly #ids: string[] = [];
  readonly #subjects: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #bySubject = new Map<string, Set<string>>();

  /** @param least product from which on a match is accepted */
  constructor({
    width,
    least,
    open,
    table = plainTable,
  }: {
    readonly width: number;
    readonly least: number;
    readonly open: OpenRecord;
    readonly table?: OpenTable | undefined;
  }) {
    this.#open = open;
    this.#least = least;
    this.#table = table(width);
  }

  get size(): number {
    return this.#ids.length;
  }

  async prepare(changes: readonly StoredTemplate[]): Promise<readonly Prepared[]> {
    const prepared: Prepared[] = [];
    for (const change of changes) {
      const { id, subject, seq, record } = change;
      if (record === null) prepared.push({ seq, apply: () => this.remove(id) });
      else {
        const values = await this.#open({ ...change, record });
        prepared.push({ seq, apply: () => this.add(id, subject, values) });
      }
    }
    return prepared;
  }

  add(id: string, subject: string, values: Int16Array): void {
    if (this.#places.has(id)) return;
    const at = this.#ids.length;
    this.#table.set(at, values);
    this.#ids.push(id);
    this.#subjects.push(subject);
    this.#places.set(id, at);
    const own = this.#bySubject.get(subject);
    if (own === undefined) this.#bySubject.set(subject, new Set([id]));
    else own.add(id);
  }

  /** Erases a template; the last row takes its place. */
  remove(id: string): void {
    const at = this.#places.get(id);
    if (at === undefined) return;
    const last = this.#ids.length - 1;
    const subject = this.#subjects[at]!;
    const own = this.#bySubject.get(subject);
    own?.delete(id);
    if (own?.size === 0) this.#bySubject.delete(subject);
    this.#table.copy(last, at);
    this.#table.clear(last);
    this.#ids[at] = this.#ids[last]!;
    this.#subjects[at] = this.#subjects[last]!;
    this.#places.set(this.#ids[at]!, at);
    this.#ids.pop();
    this.#subjects.pop();
    this.#places.delete(id);
  }

  accepts(subject: string, probe: Int16Array): Promise<boolean> {
    const ids = this.#bySubject.get(subject);
    let best = Number.NEGATIVE_INFINITY;
    for (const id of ids ?? ['']) best = Math.max(best, this.#table.product(this.#places.get(id) ?? 0, probe));
    return Promise.resolve(ids !== undefined && best >= this.#least);
  }

  /** Searches that are asked for in one turn of the event loop share a pass. */
  readonly search = gatherSearches(MOST_TOGETHER, async searches => {
    const count = this.#ids.length;
    const products = this.#table.products(
      searches.map(({ probe }) => probe),
      count,
    );
    return searches.map(({ top }, k) => this.#accepted(products.subarray(k * count, (k + 1) * count), top));
  });

  #accepted(products: Int32Array, top: number): readonly string[] {
    const best = new Map<string, number>();
    const least = this.#least;
    for (let i = 0; i < products.length; i++) {
      const product = products[i]!;
      if (product < least) continue;
      const subject = this.#subjects[i]!;
      if (product > (best.get(subject) ?? Number.NEGATIVE_INFINITY)) best.set(subject, product);
    }
    return [...best]
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .slice(0, top)
      .map(([subject]) => subject);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
