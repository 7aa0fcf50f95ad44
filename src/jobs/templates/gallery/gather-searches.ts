/** A search of all templates that somebody waits for. */
export interface Search {
  readonly probe: Int16Array;
  readonly top: number;
}

interface Waiting extends Search {
  readonly resolve: (subjects: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets searches that are asked for in one turn of the event loop share passes over the templates.
 *
 * @param most searches of one pass
 * @param pass the subjects that each search finds, in their order
 */
export function gatherSearches(
  most: number,
  pass: (searches: readonly Search[]) => Promise<readonly (readonly string[])[]>,
): (probe: Int16Array, top: number) => Promise<readonly string[]> {
  let waiting: Waiting[] = [];
  const searchSome = async (some: readonly Waiting[]): Promise<void> => {
    try {
      const found = await pass(some);
      some.forEach(({ resolve }, k) => {
        resolve(found[k]!);
      });
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  };
  const searchAll = (): void => {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += most) void searchSome(all.slice(first, first + most));
  };
  return (probe, top) =>
    new Promise((resolve, reject) => {
      waiting.push({ probe, top, resolve, reject });
      if (waiting.length === 1) setImmediate(searchAll);
    });
}
