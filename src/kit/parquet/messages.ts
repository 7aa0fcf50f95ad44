/** What the thread that reads Parquet is asked. */
export type ParquetRequest = { readonly id: number; readonly path: string } & (
  | { readonly kind: 'open' }
  | { readonly kind: 'read'; readonly columns: readonly string[]; readonly start: number; readonly end: number }
);

/** What it answers. */
export type ParquetAnswer = { readonly id: number } & (
  | {
      readonly kind: 'opened';
      readonly columns: readonly string[];
      /** Of each row group. */
      readonly rows: readonly number[];
      /** Names of the classes of columns that hold their numbers, as Hugging Face datasets writes them. */
      readonly classes: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }
  | { readonly kind: 'failed'; readonly message: string; readonly system: boolean }
);
