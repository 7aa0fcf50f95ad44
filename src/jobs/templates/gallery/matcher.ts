/** Computes the products of a probe with `count` rows of whole numbers into `out`. */
export type ProductKernel = (
  rows: Int16Array,
  probe: Int16Array,
  options: { readonly count: number; readonly out: Int32Array },
) => void;

/** In plain JavaScript; the same numbers as every other kernel. */
export const plainProducts: ProductKernel = (rows, probe, { count, out }) => {
  const width = probe.length;
  for (let i = 0, at = 0; i < count; i++, at += width) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += rows[at + j]! * probe[j]!;
    out[i] = sum;
  }
};

/** Someone whose template is at least as similar as asked. */
export interface Found {
  readonly subject: string;
  readonly product: number;
}

/** Templates in memory, as whole numbers: 1:1 and 1:N compare by the same products. */
export class Matcher {
  readonly #width: number;
  readonly #kernel: ProductKernel;
  #rows: Int16Array;
  #out: Int32Array;
  /** Identifier and subject of each row. */
  readonly #ids: string[] = [];
  readonly #subjects: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #bySubject = new Map<string, Set<string>>();

  constructor(width: number, kernel: ProductKernel = plainProducts) {
    this.#width = width;
    this.#kernel = kernel;
    this.#rows = new Int16Array(1024 * width);
    this.#out = new Int32Array(1024);
  }

  get size(): number {
    return this.#ids.length;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  add(id: string, subject: string, values: Int16Array): void {
    if (this.#places.has(id)) return;
    const at = this.#ids.length;
    if ((at + 1) * this.#width > this.#rows.length) {
      const rows = new Int16Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
      this.#out = new Int32Array(rows.length / this.#width);
    }
    this.#rows.set(values, at * this.#width);
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
    this.#rows.copyWithin(at * this.#width, last * this.#width, (last + 1) * this.#width);
    this.#rows.fill(0, last * this.#width, (last + 1) * this.#width);
    this.#ids[at] = this.#ids[last]!;
    this.#subjects[at] = this.#subjects[last]!;
    this.#places.set(this.#ids[at]!, at);
    this.#ids.pop();
    this.#subjects.pop();
    this.#places.delete(id);
  }

  /** The largest product with a subject's templates; an unknown subject takes as long as one with a single template. */
  best(subject: string, probe: Int16Array): number {
    let best = Number.NEGATIVE_INFINITY;
    const ids = this.#bySubject.get(subject);
    for (const id of ids ?? ['']) {
      const at = this.#places.get(id) ?? 0;
      let sum = 0;
      for (let j = 0; j < this.#width; j++) sum += this.#rows[at * this.#width + j]! * probe[j]!;
      best = Math.max(best, sum);
    }
    return ids === undefined ? Number.NEGATIVE_INFINITY : best;
  }

  /** The subjects whose best template reaches `least`, the most similar first. */
  search(probe: Int16Array, { least, top }: { readonly least: number; readonly top: number }): Found[] {
    const count = this.#ids.length;
    this.#kernel(this.#rows, probe, { count, out: this.#out });
    const best = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const product = this.#out[i]!;
      if (product < least) continue;
      const subject = this.#subjects[i]!;
      if (product > (best.get(subject) ?? Number.NEGATIVE_INFINITY)) best.set(subject, product);
    }
    return [...best]
      .map(([subject, product]) => ({ subject, product }))
      .sort((a, b) => b.product - a.product || (a.subject < b.subject ? -1 : 1))
      .slice(0, top);
  }
}
