import { addByte, addWord, groupAtDepth, mix, removeByte, slotOf, type TextIndex } from './text-index.ts';

/** Bytes of a document as a scanner looks at them. */
export interface Piece {
  /** Begins at an address that is divisible by 4. */
  readonly bytes: Uint8Array;
  /** The same memory by four bytes. */
  readonly words: Uint32Array;
  /** Bytes that are there; of those before `from` one belongs to the document, unless `from` is 0. */
  readonly end: number;
}

/** No place, nor the one before a place. */
const NONE = -2;

/** Told of a match: where in the tree of suffixes it ends, its bytes, and its place in the piece. */
export type OnMatch = (key: number, length: number, at: number) => void;

/**
 * Finds what a corpus shares with the texts of an index, in runs of its window or more.
 *
 * Most of a corpus is passed over: a filter of bits says at every `stride`-th place whether the next bytes occur in a text, and a run cannot
 * go by without one such place. Where it does, each beginning of a run is looked up exactly and followed to its end in the tree of suffixes, so that texts that repeat
 * one another, and a corpus that repeats itself, take no longer than others.
 */
export class Scanner {
  readonly #index: TextIndex;
  readonly #onMatch: OnMatch;
  /** The match at hand: where in the document it began, where in the texts, how long it is. */
  #matchAt = 0;
  #matchPlace = 0;
  #matchLength = 0;
  /** Hash of the window at a place, and that place. */
  #hash = 0;
  #hashAt = NONE;

  constructor(index: TextIndex, onMatch: OnMatch) {
    this.#index = index;
    this.#onMatch = onMatch;
  }

  /** Another document begins. */
  begin(): void {
    this.#matchLength = 0;
  }

  /**
   * Looks at all runs that begin at `from` to `to` − 1 of a piece.
   *
   * @param base bytes of the document before the piece
   */
  scan(
    { bytes, words, end }: Piece,
    range: { readonly from: number; readonly to: number; readonly base: number },
  ): void {
    const { filter, filterWindow, stride } = this.#index;
    const { from, to, base } = range;
    const bits = filter.length * 32 - 1;
    const wordsEach = filterWindow / 4;
    this.#hashAt = NONE;
    const first = Math.ceil(from / stride) * stride;
    const last = Math.min(to - 2 + stride, end - filterWindow);
    for (let at = first; at <= last; at += stride) {
      let hash = 0;
      const word = at >>> 2;
      for (let k = 0; k < wordsEach; k++) hash = addWord(hash, words[word + k]!);
      const bit = mix(hash) & bits;
      if (((filter[bit >>> 5]! >>> (bit & 31)) & 1) === 0) continue;
      const low = Math.max(from, at - stride + 1);
      const high = Math.min(to - 1, at, end - this.#index.window);
      for (let begin = low; begin <= high; begin++) this.#look(bytes, { begin, end, base });
    }
  }

  #look(
    bytes: Uint8Array,
    { begin, end, base }: { readonly begin: number; readonly end: number; readonly base: number },
  ): void {
    const { window, single, rank, order, symbols } = this.#index;
    const since = base + begin - this.#matchAt;
    const left = this.#matchLength - since;
    if (this.#matchLength > 0 && left >= window) {
      const place = this.#matchPlace + since;
      // No other text could have begun here, and this one's run began before.
      if (single[place] === 1) return;
      this.#follow(bytes, { begin, end, base, known: left, entry: rank[place]! });
      return;
    }
    const entry = this.#lookUp(bytes, begin);
    if (entry < 0) return;
    const place = order[entry]!;
    if (single[place] === 1 && begin > 0 && symbols[place - 1] === bytes[begin - 1]! + 1) {
      // The run began before this part of the document, and whoever reads that part counts it.
      this.#matchAt = base + begin;
      this.#matchPlace = place;
      this.#matchLength = this.#extend(bytes, { place, length: window, begin, end });
      return;
    }
    this.#follow(bytes, { begin, end, base, known: window, entry });
  }

  /** The first place in the order that begins with the window at `begin`; −1 for none. */
  #lookUp(bytes: Uint8Array, begin: number): number {
    const { window, lead, table, windows, order, symbols } = this.#index;
    if (this.#hashAt === begin - 1)
      this.#hash = addByte(removeByte(this.#hash, bytes[begin - 1]!, lead), bytes[begin + window - 1]!);
    else {
      this.#hash = 0;
      for (let k = begin; k < begin + window; k++) this.#hash = addByte(this.#hash, bytes[k]!);
    }
    this.#hashAt = begin;
    const mixed = mix(this.#hash);
    const bit = mixed & (windows.length * 32 - 1);
    if (((windows[bit >>> 5]! >>> (bit & 31)) & 1) === 0) return -1;
    for (let slot = slotOf(mixed, table.length); table[slot]! >= 0; slot = slot + 1 === table.length ? 0 : slot + 1) {
      const place = order[table[slot]!]!;
      let k = 0;
      while (k < window && symbols[place + k] === bytes[begin + k]! + 1) k++;
      if (k === window) return table[slot]!;
    }
    return -1;
  }

  /** How far the text at `place` and the corpus agree, from what is known to. */
  #extend(
    bytes: Uint8Array,
    {
      place,
      length,
      begin,
      end,
    }: { readonly place: number; readonly length: number; readonly begin: number; readonly end: number },
  ): number {
    const { symbols } = this.#index;
    let reached = length;
    while (begin + reached < end && symbols[place + reached] === bytes[begin + reached]! + 1) reached++;
    return reached;
  }

  /** Follows a run down the tree of suffixes to its end, and tells of it. */
  #follow(
    bytes: Uint8Array,
    {
      begin,
      end,
      base,
      known,
      entry,
    }: {
      readonly begin: number;
      readonly end: number;
      readonly base: number;
      readonly known: number;
      readonly entry: number;
    },
  ): void {
    const index = this.#index;
    const { groups, groupOf, order } = index;
    let length = known;
    let at = entry;
    let group = groupOf[at]!;
    group = group >= 0 && groups.depth[group]! >= length ? groupAtDepth(index, group, length) : -1;
    let key = at;
    while (group >= 0) {
      at = groups.first[group]!;
      const depth = groups.depth[group]!;
      key = order.length + group;
      length = Math.min(depth, this.#extend(bytes, { place: order[at]!, length, begin, end }));
      if (length < depth || begin + length >= end) break;
      const [low, high] = this.#branch(groups.first[group]!, groups.end[group]!, {
        depth,
        symbol: bytes[begin + depth]! + 1,
      });
      if (low === high) break;
      at = low;
      key = low;
      group = high - low === 1 ? -1 : groupAtDepth(index, groupOf[low]!, depth + 1);
    }
    if (group < 0) length = this.#extend(bytes, { place: order[at]!, length, begin, end });
    this.#matchAt = base + begin;
    this.#matchPlace = order[at]!;
    this.#matchLength = length;
    this.#onMatch(key, length, begin);
  }

  /** The places of a range of the order whose symbol at `depth` is the one given. */
  #branch(
    first: number,
    end: number,
    { depth, symbol }: { readonly depth: number; readonly symbol: number },
  ): readonly [number, number] {
    const { order, symbols } = this.#index;
    const lowest = (wanted: number): number => {
      let [low, high] = [first, end];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (symbols[order[middle]! + depth]! < wanted) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return [lowest(symbol), lowest(symbol + 1)];
  }
}
