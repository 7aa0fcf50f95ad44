const EMPTY = 2 ** 31 - 1;

/** For each of many queries, the ids of the largest values offered; among equal values the lower ids. */
export class BestLists {
  /** Most values kept of a query. */
  readonly size: number;
  /** `[queries, size]`: each query's part is a heap with its worst entry first. */
  readonly #values: Float64Array;
  readonly #ids: Int32Array;

  constructor(queries: number, size: number) {
    this.size = size;
    this.#values = new Float64Array(queries * size).fill(Number.NEGATIVE_INFINITY);
    this.#ids = new Int32Array(queries * size).fill(EMPTY);
  }

  /** The value that another one must reach to be kept. */
  worst(query: number): number {
    return this.#values[query * this.size]!;
  }

  /** Keeps a value if it is among the best of its query so far; NaN never is. */
  offer(query: number, value: number, id: number): void {
    const values = this.#values;
    const ids = this.#ids;
    const top = query * this.size;
    const end = top + this.size;
    if (!(value > values[top]! || (value === values[top]! && id < ids[top]!))) return;
    let at = top;
    for (;;) {
      let child = 2 * at - top + 1;
      if (child >= end) break;
      const other = child + 1;
      if (
        other < end &&
        (values[other]! < values[child]! || (values[other]! === values[child]! && ids[other]! > ids[child]!))
      )
        child = other;
      if (values[child]! > value || (values[child]! === value && ids[child]! < id)) break;
      values[at] = values[child]!;
      ids[at] = ids[child]!;
      at = child;
    }
    values[at] = value;
    ids[at] = id;
  }

  /** What is kept of a query, best first; fewer entries than `size` where fewer were offered. */
  sorted(query: number): { readonly value: number; readonly id: number }[] {
    return Array.from({ length: this.size }, (_, i) => ({
      value: this.#values[query * this.size + i]!,
      id: this.#ids[query * this.size + i]!,
    }))
      .filter(({ id }) => id !== EMPTY)
      .sort((a, b) => b.value - a.value || a.id - b.id);
  }

  /** Everything kept, by ascending id and then by query. */
  *byId(): Generator<{ readonly id: number; readonly query: number }> {
    // One number for both sorts much faster than a comparison would.
    const slots = this.#ids.length;
    const keys = Float64Array.from(this.#ids, (id, slot) => id * slots + slot).sort();
    for (const key of keys) {
      const id = Math.floor(key / slots);
      if (id !== EMPTY) yield { id, query: Math.floor((key - id * slots) / this.size) };
    }
  }
}
