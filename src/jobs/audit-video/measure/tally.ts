import { type NearestList, PairCounter, type PairHistogram, RELABELLING_LISTED } from '../../audit/index.ts';
import { NOTHING } from './compare-sets.ts';

/** Clips of one set among those of another: the best of each, and how scores spread. */
export interface Compared {
  /** `[of]`; −1 where there was nothing to compare. */
  readonly top1: Float32Array;
  readonly nearest: Int32Array;
  readonly lists: readonly NearestList[];
  /** All scores, as far as there was something to compare. */
  readonly pairs: PairHistogram;
}

export interface TallyOptions {
  /** Others that do not count: the clip itself and its duplicates. */
  readonly skip?: ((other: number) => boolean) | undefined;
  /** By other clip the number of its cluster of duplicates, of which a list holds the most alike alone. */
  readonly cluster?: Int32Array | undefined;
}

/** Sums up the scores of clips with those of another set, a clip after the other. */
export class Tally {
  readonly #top1: number[] = [];
  readonly #nearest: number[] = [];
  readonly #lists: NearestList[] = [];
  readonly #pairs = new PairCounter();

  add(scores: Float32Array, { skip = () => false, cluster }: TallyOptions = {}): void {
    const sorted = Array.from(scores, (similarity, index) => ({ index, similarity }))
      .filter(({ index, similarity }) => similarity > NOTHING && !skip(index))
      .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
    for (const { similarity } of sorted) this.#pairs.add(similarity);
    const list = new Map<number, number>();
    for (const { index, similarity } of sorted) {
      if (list.size === RELABELLING_LISTED) break;
      const number = cluster?.[index] ?? index;
      if (!list.has(number)) list.set(number, similarity);
    }
    this.#lists.push(Array.from(list, ([index, similarity]) => ({ index, similarity })));
    this.#top1.push(sorted[0]?.similarity ?? NOTHING);
    this.#nearest.push(sorted[0]?.index ?? -1);
  }

  done(): Compared {
    return {
      top1: Float32Array.from(this.#top1),
      nearest: Int32Array.from(this.#nearest),
      lists: this.#lists,
      pairs: this.#pairs,
    };
  }
}
