/** Rows of whole numbers, and their products with probes. Rows are numbered from 0; those beyond the highest one that was set are zeros. */
export interface ProductTable {
  readonly width: number;
  set(at: number, values: Int16Array): void;
  /** Erases a row. */
  clear(at: number): void;
  /** Copies a row onto another. */
  copy(from: number, to: number): void;
  product(at: number, probe: Int16Array): number;
  /** @returns for each probe a product with each of the first `count` rows, one probe after another; valid until the next call */
  products(probes: readonly Int16Array[], count: number): Int32Array;
}

export type OpenTable = (width: number) => ProductTable;

/** Rows that a table has room for at first. */
export const FIRST_ROWS = 1024;

/** A table in plain JavaScript; its numbers are those of the one in WebAssembly. */
export function plainTable(width: number): ProductTable {
  let rows = new Int16Array(FIRST_ROWS * width);
  const product = (at: number, probe: Int16Array): number => {
    let sum = 0;
    for (let j = 0, from = at * width; j < width; j++) sum += rows[from + j]! * probe[j]!;
    return sum;
  };
  return {
    width,
    set(at, values) {
      if ((at + 1) * width > rows.length) {
        const more = new Int16Array(Math.max(2 * rows.length, (at + 1) * width));
        more.set(rows);
        rows = more;
      }
      rows.set(values, at * width);
    },
    clear: at => {
      rows.fill(0, at * width, (at + 1) * width);
    },
    copy: (from, to) => {
      rows.copyWithin(to * width, from * width, (from + 1) * width);
    },
    product,
    products(probes, count) {
      const out = new Int32Array(probes.length * count);
      probes.forEach((probe, k) => {
        for (let i = 0; i < count; i++) out[k * count + i] = product(i, probe);
      });
      return out;
    },
  };
}
