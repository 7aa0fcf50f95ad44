import type { QuestionOption } from '../../../ground/contracts/bench.ts';
import { canonicalText, foldText, IMAGE_LIST, imageList } from '../canonical.ts';

/** An option in the forms it is compared in. */
interface Known {
  readonly label: string;
  readonly folded: string;
  readonly canonical: string;
}

const ESCAPED = /[.*+?^${}()|[\]\\]/g;
/** Not inside a word, a number, a range or a decimal. */
const LEFT = String.raw`(?<![\p{L}\p{N}]|\d\s?[-.:%]|\d\s?to\s)`;
const RIGHT = String.raw`(?![\p{L}\p{N}]|\s?-\s?\d|\s?to\s\d|[.:]\d|\s?%)`;
const NEGATION = /\b(?:not|no|neither|nor|never|cannot|without|except|unlike|wrong|incorrect|rather|instead)\b|n't\b/;

const MOST_MENTIONS = 200;
/** Characters of a list of images. */
const MOST_LIST = 500;

/** Compares the words of a reply with the texts of the options. */
export class OptionMatcher {
  readonly labels: ReadonlySet<string>;
  /** Characters of the longest option. */
  readonly longest: number;
  readonly #options: readonly Known[];

  constructor(options: readonly QuestionOption[]) {
    this.labels = new Set(options.map(option => option.label));
    this.longest = Math.max(0, ...options.map(option => option.text.length));
    this.#options = options.map(({ label, text }) => ({
      label,
      folded: foldText(text),
      canonical: canonicalText(text),
    }));
  }

  /** The one option that means just what `text` says; null where none or several do. */
  equal(text: string): string | null {
    const canonical = canonicalText(text);
    if (canonical === '') return null;
    return only(this.#options.filter(option => option.canonical === canonical));
  }

  /** Whether `text` says what this option says. */
  says(text: string, label: string): boolean {
    const canonical = canonicalText(text);
    return this.#options.some(option => option.label === label && option.canonical === canonical);
  }

  /** The option that `text` begins with, as a whole: not as the start of a longer list, word or number. */
  prefix(text: string): string | null {
    const folded = foldText(text);
    const images = IMAGE_LIST.exec(folded);
    if (images !== null) {
      const canonical = canonicalText(images[0]);
      const exact = this.#options.filter(option => option.canonical === canonical);
      const longer = this.#options.filter(
        option => option.folded.length > images[0].length && this.#at(folded, option.folded) !== null,
      );
      return only(longer.length > 0 ? longer : exact);
    }
    const matches = this.#options.filter(option => this.#at(folded, option.folded) !== null);
    const longest = Math.max(...matches.map(option => option.folded.length));
    return only(matches.filter(option => option.folded.length === longest));
  }

  /** The one option whose text stands anywhere in `text`, where nothing else is named and nothing is denied. */
  contained(text: string): string | null {
    const folded = foldText(text);
    const lists = this.#options.some(isImageList);
    const found = [
      ...(lists ? this.#imageLists(folded) : []),
      ...this.#options.flatMap(option => (isImageList(option) ? [] : occurrences(folded, option))),
    ];
    // What names options so often makes nothing clear.
    if (found.length > MOST_MENTIONS) return null;
    const outer = found
      .filter(one => !found.some(other => other.end - other.start > one.end - one.start && within(one, other)))
      .sort((a, b) => a.start - b.start);
    const [label] = new Set(outer.map(occurrence => occurrence.label));
    if (label == null || outer.some(occurrence => occurrence.label !== label)) return null;
    const rest = outer.reduceRight((words, { start, end }) => `${words.slice(0, start)} ${words.slice(end)}`, folded);
    if (NEGATION.test(rest)) return null;
    return outer.some(({ numeric }) => numeric) && /\d/.test(rest) ? null : label;
  }

  /** Every list of images that `folded` names, with the option that means it; null where none does. */
  #imageLists(folded: string): Occurrence[] {
    const lists: Occurrence[] = [];
    let from = 0;
    for (const { index } of folded.matchAll(/\b(?:images?|pictures?|photos?)\b/g)) {
      const list = index < from ? null : IMAGE_LIST.exec(folded.slice(index, index + MOST_LIST));
      if (list === null) continue;
      from = index + list[0].length;
      lists.push({ label: this.equal(list[0]), start: index, end: from, numeric: false });
    }
    return lists;
  }

  #at(folded: string, option: string): string | null {
    if (option === '' || !folded.startsWith(option)) return null;
    return new RegExp(`^${RIGHT}`, 'u').test(folded.slice(option.length)) ? option : null;
  }
}

const isImageList = (option: Known): boolean => imageList(option.folded) !== null;

function occurrences(folded: string, option: Known): Occurrence[] {
  // Too short to mean anything in passing: "no", "yes", "all".
  if (/^\p{L}{1,3}$/u.test(option.folded) || option.folded === '') return [];
  const pattern = new RegExp(LEFT + option.folded.replace(ESCAPED, '\\$&') + RIGHT, 'gu');
  return [...folded.matchAll(pattern)].map(({ index, 0: match }) => ({
    label: option.label,
    start: index,
    end: index + match.length,
    numeric: /^\d+$/.test(option.folded),
  }));
}

interface Occurrence {
  /** Null for a list of images that no option means. */
  readonly label: string | null;
  readonly start: number;
  readonly end: number;
  readonly numeric: boolean;
}

const within = (inner: Occurrence, outer: Occurrence): boolean => inner.start >= outer.start && inner.end <= outer.end;

function only(options: readonly Known[]): string | null {
  return options.length === 1 ? (options[0]?.label ?? null) : null;
}
