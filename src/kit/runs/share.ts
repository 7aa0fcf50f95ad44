import { createHash } from 'node:crypto';

/** The part of a run's items that one process makes, in a fixed order of all of them. */
export interface Share {
  /**
   * The keys of the items that this process makes.
   *
   * @param keys those of all items, in the order that every process finds them in
   */
  take(keys: readonly string[]): readonly string[];
}

/** Thrown when a process has made its part of the items: what follows is for the one that has all of them. */
export class ShareOver extends Error {
  /** Keys of the items of the share. */
  readonly keys: readonly string[];

  constructor(keys: readonly string[]) {
    super('this share of the items is made');
    this.name = 'ShareOver';
    this.keys = keys;
  }
}

/** SHA-256 of keys in their order. */
export function digestKeys(keys: readonly string[]): string {
  const hash = createHash('sha256');
  for (const key of keys) hash.update(`${JSON.stringify(key)}\n`);
  return hash.digest('hex');
}

/** The share of a process that only asks which items there are: it ends with {@link ShareOver} before the first is made. */
export const NO_ITEM: Share = {
  take: keys => {
    throw new ShareOver(keys);
  },
};
