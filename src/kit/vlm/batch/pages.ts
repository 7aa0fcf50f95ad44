/** Pages of a list that are looked through; providers put up to a hundred batches on each, the newest first. */
const MOST_PAGES = 20;

export interface Page<T> {
  readonly entries: readonly T[];
  /** Where the next page begins; null or empty on the last one. */
  readonly next: string | null | undefined;
}

/** The entries of a list page by page; `open` is given where the page begins, null for the first. */
export async function* entriesOf<T>(open: (after: string | null) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { entries, next }: Page<T> = await open(after);
    yield* entries;
    if (next == null || next === '') return;
    after = next;
  }
}
