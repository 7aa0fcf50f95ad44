import { suffixArray } from './suffix-array.ts';

/** Bytes that the filter looks at, at most; it takes more of a text's bytes the longer the shortest run is. */
const FILTER_WINDOW = 24;
const LONG_FILTER_WINDOW = 32;
/** Bits of the filter for each byte of the texts. */
const FILTER_BITS = 12;
/** Slots of the table for each entry. */
const TABLE_SLOTS = 1.4;
/** Fewer bytes than this are in every text: a run that is as short is not looked for. */
export const LEAST_WINDOW = 12;
/** Odd, so that no bit of what is multiplied is lost. */
const BASE = 0x01000193;
const WORD_FACTOR = 0x2c1b3c6d;

/**
 * The texts that are looked for in a corpus, sorted: what one pass over any corpus needs, and of a size that only the texts decide. All arrays can
 * be shared with threads.
 */
export interface TextIndex {
  /** Bytes of all texts, each plus 1, with a 0 before the first, between any two and after the last. */
  readonly symbols: Uint16Array;
  /** Places of `symbols` in the order of what follows them. */
  readonly order: Int32Array;
  /** Place in `order` of each place of `symbols`. */
  readonly rank: Int32Array;
  /** Shortest run in bytes. */
  readonly window: number;
  /** 1 where no other place begins with the same `window` bytes. */
  readonly single: Uint8Array;
  /** Innermost group of each place in `order`; −1 for none. */
  readonly groupOf: Int32Array;
  /** Groups of places that begin with the same `depth` bytes, as ranges of `order`: the inner nodes of the tree of suffixes from depth `window` on. */
  readonly groups: {
    readonly depth: Int32Array;
    readonly first: Int32Array;
    readonly end: Int32Array;
    /** The next larger group around it; −1 for none. */
    readonly parent: Int32Array;
    /** A group further out, so that any is reached in few steps. */
    readonly jump: Int32Array;
  };
  /** Hash of `window` bytes → the first place in `order` that begins with them, or −1; open addressing. */
  readonly table: Int32Array;
  /** Bits of the hashes of all `window` bytes, which say sooner than the table what is not in it. */
  readonly windows: Uint32Array;
  /** Bits of the hashes of all `filterWindow` bytes. */
  readonly filter: Uint32Array;
  readonly filterWindow: number;
  /** Every so many bytes of a corpus are looked at: a run of `window` bytes holds one whole window of the filter. */
  readonly stride: number;
  /** `BASE` to the power `window − 1`. */
  readonly lead: number;
  /** Where each text begins in `symbols`, and one past the last. */
  readonly starts: Int32Array;
  /** Length of the longest text. */
  readonly longest: number;
}

/** Spreads a hash over all bits. */
export function mix(hash: number): number {
  let h = hash ^ (hash >>> 15);
  h = Math.imul(h, 0x2c1b3c6d);
  h ^= h >>> 12;
  return (h ^ (h >>> 17)) >>> 0;
}

/** Where the table is looked into first, from the upper bits of a mixed hash. */
export const slotOf = (mixed: number, slots: number): number => Math.floor((mixed / 2 ** 32) * slots);

/** Adds four bytes to the hash of a filter's window. */
export const addWord = (hash: number, word: number): number => {
  const h = Math.imul(hash ^ word, WORD_FACTOR);
  return h ^ (h >>> 15);
};

export const addByte = (hash: number, byte: number): number => (Math.imul(hash, BASE) + byte) | 0;
export const removeByte = (hash: number, byte: number, lead: number): number => (hash - Math.imul(byte, lead)) | 0;

const shared = {
  int32: (length: number) => new Int32Array(new SharedArrayBuffer(4 * length)),
  uint8: (length: number) => new Uint8Array(new SharedArrayBuffer(length)),
};

/** Length of what each place shares with the one before it in `order`, up to the end of its text (Kasai and others, CPM 2001); 0 after the last. */
function commonPrefixes(symbols: Uint16Array, order: Int32Array, rank: Int32Array): Int32Array {
  const n = symbols.length;
  const common = new Int32Array(n + 1);
  let length = 0;
  for (let at = 0; at < n; at++) {
    const place = rank[at]!;
    if (place === 0) {
      length = 0;
      continue;
    }
    const other = order[place - 1]!;
    while (symbols[at + length] !== 0 && symbols[at + length] === symbols[other + length]) length++;
    common[place] = length;
    if (length > 0) length--;
  }
  return common;
}

/** Groups of places that share `window` bytes and more, from what neighbours in the order share. */
function groupPlaces(common: Int32Array, window: number, groupOf: Int32Array): Pick<TextIndex, 'groups'> {
  const n = common.length - 1;
  let most = 0;
  for (let i = 1; i < n; i++) if (common[i]! >= window) most++;
  const depth = shared.int32(most);
  const first = shared.int32(most);
  const end = shared.int32(most);
  const parent = shared.int32(most).fill(-1);
  groupOf.fill(-1);
  const open: number[] = [];
  let made = 0;
  for (let i = 0; i < n; i++) {
    // What this place shares with the next one.
    const value = i + 1 < n && common[i + 1]! >= window ? common[i + 1]! : 0;
    let top = open.at(-1) ?? -1;
    if (value > (top < 0 ? 0 : depth[top]!)) {
      depth[made] = value;
      first[made] = i;
      open.push(made);
      groupOf[i] = made++;
      continue;
    }
    groupOf[i] = top;
    while (top >= 0 && value < depth[top]!) {
      open.pop();
      end[top] = i + 1;
      const above = open.at(-1) ?? -1;
      if (value > (above < 0 ? 0 : depth[above]!)) {
        depth[made] = value;
        first[made] = first[top]!;
        parent[top] = made;
        open.push(made++);
        break;
      }
      parent[top] = above;
      top = above;
    }
  }
  const cut = (array: Int32Array) => array.subarray(0, made);
  const groups = { depth: cut(depth), first: cut(first), end: cut(end), parent: cut(parent) };
  return { groups: { ...groups, jump: jumpsOf(groups) } };
}

/** Pointers to groups further out, with which any ancestor is found in a number of steps that grows with the logarithm of the level (Myers, 1983). */
function jumpsOf({ depth, parent }: { readonly depth: Int32Array; readonly parent: Int32Array }): Int32Array {
  const jump = shared.int32(depth.length).fill(-1);
  const level = new Int32Array(depth.length);
  const levelOf = (group: number): number => (group < 0 ? 0 : level[group]!);
  const outerFirst = Int32Array.from(depth.keys()).sort((a, b) => depth[a]! - depth[b]!);
  for (const group of outerFirst) {
    const above = parent[group]!;
    level[group] = levelOf(above) + 1;
    if (above < 0) continue;
    const far = jump[above]!;
    const further = far < 0 ? -1 : jump[far]!;
    jump[group] = far >= 0 && levelOf(above) - levelOf(far) === levelOf(far) - levelOf(further) ? further : above;
    if (jump[group]! < 0) jump[group] = above;
  }
  return jump;
}

/** The outermost group around one that still shares `depth` bytes. */
export function groupAtDepth({ groups }: TextIndex, group: number, depth: number): number {
  let at = group;
  for (;;) {
    const far = groups.jump[at]!;
    const above = groups.parent[at]!;
    if (far >= 0 && groups.depth[far]! >= depth) at = far;
    else if (above >= 0 && groups.depth[above]! >= depth) at = above;
    else return at;
  }
}

/** The texts one after another as symbols, each with a 0 around it. */
function joinTexts(texts: readonly Uint8Array[]): { readonly symbols: Uint16Array; readonly starts: Int32Array } {
  const total = texts.reduce((sum, text) => sum + text.length + 1, 1);
  const symbols = new Uint16Array(new SharedArrayBuffer(2 * total));
  const starts = shared.int32(texts.length + 1);
  let at = 1;
  for (const [i, text] of texts.entries()) {
    starts[i] = at;
    for (let k = 0; k < text.length; k++) symbols[at + k] = text[k]! + 1;
    at += text.length + 1;
  }
  starts[texts.length] = at;
  return { symbols, starts };
}

/**
 * Sorts texts so that every run of `window` bytes or more that they share with a corpus is found in one pass over it.
 *
 * About 25 bytes of memory for each byte of text, up to 45 where they repeat one another.
 *
 * @param window shortest run in bytes, at least 12
 */
export function indexTexts(texts: readonly Uint8Array[], window: number): TextIndex {
  const { symbols, starts } = joinTexts(texts);
  const n = symbols.length;
  const [order, rank, groupOf] = [shared.int32(n), shared.int32(n), shared.int32(n)];
  // Until they hold what they are for, the others are what the sorting works in: memory stays near what the index takes.
  suffixArray(symbols, 257, { order, first: rank, second: groupOf });
  for (let i = 0; i < n; i++) rank[order[i]!] = i;
  const common = commonPrefixes(symbols, order, rank);
  const filterWindow =
    window >= 3 * LONG_FILTER_WINDOW ? LONG_FILTER_WINDOW : Math.min(FILTER_WINDOW, (window - 3) & ~3);
  const stride = Math.max(4, (window - filterWindow + 1) & ~3);
  const filter = fillFilter(symbols, { starts, filterWindow });
  let lead = 1;
  for (let i = 1; i < window; i++) lead = Math.imul(lead, BASE);
  const single = shared.uint8(n);
  const tables = fillTable({ symbols, starts, order, common, window, lead, single, hashes: groupOf });
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const grouped = groupPlaces(common, window, groupOf);
  const sorted = { symbols, order, rank, groupOf, starts, longest, ...grouped };
  return { ...sorted, ...tables, window, single, filter, filterWindow, stride, lead };
}

const filterOf = (places: number): { readonly filter: Uint32Array; readonly bits: number } => {
  const bits = 2 ** Math.max(16, Math.ceil(Math.log2(places * FILTER_BITS)));
  return { filter: new Uint32Array(new SharedArrayBuffer(bits / 8)), bits };
};

function fillFilter(
  symbols: Uint16Array,
  { starts, filterWindow }: Pick<TextIndex, 'starts' | 'filterWindow'>,
): Uint32Array {
  const { filter, bits } = filterOf(symbols.length);
  for (let text = 0; text + 1 < starts.length; text++) {
    const last = starts[text + 1]! - 1 - filterWindow;
    for (let at = starts[text]!; at <= last; at++) {
      let hash = 0;
      for (let k = at; k < at + filterWindow; k += 4) {
        // As a little-endian machine reads four bytes.
        const word =
          (symbols[k]! - 1) |
          ((symbols[k + 1]! - 1) << 8) |
          ((symbols[k + 2]! - 1) << 16) |
          ((symbols[k + 3]! - 1) << 24);
        hash = addWord(hash, word);
      }
      const bit = mix(hash) & (bits - 1);
      filter[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return filter;
}

/** Puts each different run of `window` bytes into the table, and marks the places of those that occur once. */
function fillTable({
  symbols,
  starts,
  order,
  common,
  window,
  lead,
  single,
  hashes,
}: Pick<TextIndex, 'symbols' | 'starts' | 'order' | 'window' | 'lead' | 'single'> & {
  readonly common: Int32Array;
  /** Memory for the hash at each place. */
  readonly hashes: Int32Array;
}): Pick<TextIndex, 'table' | 'windows'> {
  const whole = new Uint8Array(symbols.length);
  for (let text = 0; text + 1 < starts.length; text++) {
    const end = starts[text + 1]! - 1;
    let hash = 0;
    for (let at = starts[text]!; at < end; at++) {
      hash = addByte(hash, symbols[at]! - 1);
      const from = at - window + 1;
      if (from < starts[text]!) continue;
      hashes[from] = hash;
      whole[from] = 1;
      hash = removeByte(hash, symbols[from]! - 1, lead);
    }
  }
  let classes = 0;
  for (let i = 0; i < order.length; i++) if (whole[order[i]!] === 1 && common[i]! < window) classes++;
  const table = shared.int32(Math.ceil(classes * TABLE_SLOTS) + 16).fill(-1);
  const { filter: windows, bits } = filterOf(classes);
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    if (whole[at] === 0 || common[i]! >= window) continue;
    if (common[i + 1]! < window) single[at] = 1;
    const mixed = mix(hashes[at]!);
    windows[(mixed & (bits - 1)) >>> 5]! |= 1 << (mixed & 31);
    let slot = slotOf(mixed, table.length);
    while (table[slot]! >= 0) slot = slot + 1 === table.length ? 0 : slot + 1;
    table[slot] = i;
  }
  return { table, windows };
}
