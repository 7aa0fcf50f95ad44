import type { TextIndex } from './text-index.ts';

/** Where something stands in a corpus. */
export interface Place {
  readonly file: number;
  /** Row within the file; −1 where the file is one document. */
  readonly row: number;
  /** Bytes from the beginning of the document. */
  readonly byte: number;
  /** Part of the file that a thread read on its own; the two counts below begin with it. */
  readonly part: number;
  readonly codePoints: number;
  readonly lines: number;
}

/** A document in which something occurs, and the longest match there. */
export interface Occurrence {
  readonly file: number;
  readonly row: number;
  readonly length: number;
}

/** Documents that are kept for a place in the texts; those with the longest matches. */
export const MOST_DOCUMENTS = 16;

/** All matches that end at one place of the tree of suffixes. */
export interface Finding {
  /** A place in the order for a text's own branch; after all places, groups. */
  readonly key: number;
  /** The longest match in bytes, how often it was, and where first. */
  length: number;
  longest: number;
  longestAt: Place;
  /** All matches, and the first. */
  matches: number;
  at: Place;
  documents: readonly Occurrence[];
}

const comparePlaces = (a: Place, b: Place): number => a.file - b.file || a.row - b.row || a.byte - b.byte;

/** Longest matches first, then in the order of the corpus. */
const compareOccurrences = (a: Occurrence, b: Occurrence): number =>
  b.length - a.length || a.file - b.file || a.row - b.row;

/** Adds a document to those kept; the same whatever the order they come in. */
export function addOccurrence(known: readonly Occurrence[], one: Occurrence): readonly Occurrence[] {
  const at = known.findIndex(({ file, row }) => file === one.file && row === one.row);
  if (at >= 0 && known[at]!.length >= one.length) return known;
  const last = known.at(-1);
  if (at < 0 && known.length === MOST_DOCUMENTS && last !== undefined && compareOccurrences(last, one) < 0)
    return known;
  const rest = at < 0 ? [...known] : known.filter((_, i) => i !== at);
  return [...rest, one].sort(compareOccurrences).slice(0, MOST_DOCUMENTS);
}

/**
 * What a pass over a corpus has found so far. At most one finding a place in the tree of suffixes, and 16 documents in each: however often the corpus
 * repeats, memory depends on the texts alone.
 */
export class Findings {
  readonly #found = new Map<number, Finding>();

  get size(): number {
    return this.#found.size;
  }

  values(): IterableIterator<Finding> {
    return this.#found.values();
  }

  get(key: number): Finding | undefined {
    return this.#found.get(key);
  }

  add(key: number, length: number, at: Place): void {
    const occurrence = { file: at.file, row: at.row, length };
    const known = this.#found.get(key);
    if (known === undefined) {
      const documents = [occurrence];
      this.#found.set(key, { key, length, longest: 1, longestAt: at, matches: 1, at, documents });
      return;
    }
    this.#join(known, { key, length, longest: 1, longestAt: at, matches: 1, at, documents: [] });
    known.documents = addOccurrence(known.documents, occurrence);
  }

  /** Takes in what another thread found in other parts of the corpus. */
  merge(others: Iterable<Finding>): void {
    for (const other of others) {
      const known = this.#found.get(other.key);
      if (known === undefined) this.#found.set(other.key, other);
      else {
        this.#join(known, other);
        for (const one of other.documents) known.documents = addOccurrence(known.documents, one);
      }
    }
  }

  #join(known: Finding, other: Finding): void {
    known.matches += other.matches;
    if (comparePlaces(other.at, known.at) < 0) known.at = other.at;
    if (other.length > known.length) {
      known.length = other.length;
      known.longest = other.longest;
      known.longestAt = other.longestAt;
    } else if (other.length === known.length) {
      known.longest += other.longest;
      if (comparePlaces(other.longestAt, known.longestAt) < 0) known.longestAt = other.longestAt;
    }
  }
}

/** Matches that reach beyond a group, further in. */
interface Beyond {
  matches: number;
  at: Place;
  documents: readonly Occurrence[];
}

/** The longest match of each place of the texts, with how often it occurs in the corpus. */
export interface Reach {
  readonly length: number;
  readonly weight: number;
  readonly at: Place;
}

/** Sums findings over the tree of suffixes: whatever matches deep in a branch matches all that the branch shares. */
export class Matches {
  readonly #index: TextIndex;
  readonly #findings: Findings;
  /** By group: matches of its branch that reach beyond it, and the first. */
  readonly #beyond = new Map<number, Beyond>();
  /** The innermost group from each one outwards in which something was found; −1 for none. */
  readonly #nearest: Int32Array;

  constructor(index: TextIndex, findings: Findings) {
    this.#index = index;
    this.#findings = findings;
    const { groups, groupOf, order } = index;
    const add = (group: number, { matches, at, documents }: Beyond): void => {
      const depth = groups.depth[group]!;
      const known = this.#beyond.get(group) ?? { matches: 0, at, documents: [] };
      known.matches += matches;
      if (comparePlaces(at, known.at) < 0) known.at = at;
      for (const one of documents)
        known.documents = addOccurrence(known.documents, { ...one, length: Math.min(one.length, depth) });
      this.#beyond.set(group, known);
    };
    const within = new Map<number, Finding>();
    for (const finding of findings.values()) {
      const group = finding.key < order.length ? groupOf[finding.key]! : finding.key - order.length;
      if (finding.key >= order.length) within.set(group, finding);
      else if (group >= 0) add(group, finding);
    }
    // From the inside out, each group's matches are known before they count for the one around it.
    const touched = new Set([...this.#beyond.keys(), ...within.keys()]);
    for (const group of touched) {
      const above = groups.parent[group]!;
      if (above >= 0) touched.add(above);
    }
    const inward = [...touched].sort((a, b) => groups.depth[b]! - groups.depth[a]!);
    for (const group of inward) {
      const above = groups.parent[group]!;
      if (above < 0) continue;
      for (const part of [this.#beyond.get(group), within.get(group)]) if (part !== undefined) add(above, part);
    }
    this.#nearest = new Int32Array(groups.depth.length).fill(-1);
    for (const group of Int32Array.from(groups.depth.keys()).sort((a, b) => groups.depth[a]! - groups.depth[b]!))
      this.#nearest[group] = touched.has(group) ? group : this.#nearestFrom(groups.parent[group]!);
  }

  #nearestFrom(group: number): number {
    return group < 0 ? -1 : this.#nearest[group]!;
  }

  /** The longest match of a place of the texts; null where none was found. */
  at(place: number): Reach | null {
    const { rank, order, groupOf } = this.#index;
    const own = this.#findings.get(rank[place]!);
    if (own !== undefined) return { length: own.length, weight: own.longest, at: own.longestAt };
    const group = this.#nearestFrom(groupOf[rank[place]!]!);
    return group < 0 ? null : this.#ofGroup(group, this.#findings.get(order.length + group));
  }

  #ofGroup(group: number, own: Finding | undefined): Reach | null {
    const depth = this.#index.groups.depth[group]!;
    const beyond = this.#beyond.get(group);
    if (beyond === undefined)
      return own === undefined ? null : { length: own.length, weight: own.longest, at: own.longestAt };
    const same = own !== undefined && own.length === depth ? own : null;
    const at = same !== null && comparePlaces(same.longestAt, beyond.at) < 0 ? same.longestAt : beyond.at;
    return { length: depth, weight: beyond.matches + (same?.longest ?? 0), at };
  }

  /** Documents with matches of a place of the texts, with the length of each. */
  documentsAt(place: number): readonly Occurrence[] {
    const { rank, order, groups, groupOf } = this.#index;
    let found: readonly Occurrence[] = this.#findings.get(rank[place]!)?.documents ?? [];
    let group = this.#nearestFrom(groupOf[rank[place]!]!);
    // What matches further in is longer.
    while (group >= 0 && found.length < MOST_DOCUMENTS) {
      const own = this.#findings.get(order.length + group)?.documents ?? [];
      for (const one of [...(this.#beyond.get(group)?.documents ?? []), ...own]) found = addOccurrence(found, one);
      group = this.#nearestFrom(groups.parent[group]!);
    }
    return found;
  }
}
