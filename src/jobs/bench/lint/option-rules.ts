import type { Question } from '../../../ground/contracts/bench.ts';
import { canonicalText, foldText, imageList } from '../canonical.ts';
import { eachQuestion, groupBy, keyText, quote, type Rule } from './rule.ts';

const isKey = (question: Question, label: string): boolean => label === question.correct;

const equivalentOptions: Rule = {
  id: 'equivalent-options',
  severity: 'error',
  explanation:
    'Two options mean the same ("Images 2 and 5", "Images 5 and 2"): where one is the key, the other is as right and is scored wrong.',
  check: eachQuestion(function* (question) {
    const groups = groupBy(question.options, option => meaningOf(option.text, question.images.length));
    for (const same of groups.values()) {
      if (same.length < 2) continue;
      const key = same.some(option => isKey(question, option.label)) ? ', one of them the key' : '';
      yield `${same.map(option => `${option.label} ${quote(option.text)}`).join(' and ')} mean the same${key}`;
    }
  }),
};

/** "All of the images" of three is "Image 1, Image 2, Image 3". */
function meaningOf(text: string, images: number): string {
  const canonical = canonicalText(text);
  if (images > 1 && /^(?:all|all (?:of )?(?:the |these )?(?:images|pictures|photos))$/.test(canonical))
    return `images ${Array.from({ length: images }, (_, i) => i + 1).join(' ')}`;
  if (images === 2 && /^both(?: (?:of )?(?:the |these )?(?:images|pictures|photos))?$/.test(canonical))
    return 'images 1 2';
  if (/^(?:none|neither)(?: of (?:the|these) (?:images|pictures|photos))?$/.test(canonical)) return 'images none';
  return canonical;
}

/** Letters that a word must have for one that is spelt nearly so to be a slip: `Print` and `Paint` are two words. */
const SLIP_LETTERS = 6;

const nearDuplicateOptions: Rule = {
  id: 'near-duplicate-options',
  severity: 'warning',
  explanation: 'Two options differ by a letter in one long word: one is likely a misspelling of the other.',
  check: eachQuestion(function* ({ options }) {
    for (const [i, a] of options.entries()) {
      for (const b of options.slice(i + 1)) {
        if (differByASlip(wordsOf(a.text), wordsOf(b.text)))
          yield `${a.label} ${quote(a.text)} and ${b.label} ${quote(b.text)} differ by a letter`;
      }
    }
  }),
};

const wordsOf = (text: string): string[] => foldText(text).split(/[^\p{L}\p{N}]+/u);

function differByASlip(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  const different = a.flatMap((word, i) => (word === b[i] ? [] : [[word, b[i]!] as const]));
  const [pair] = different;
  if (pair === undefined || different.length > 1) return false;
  const [x, y] = pair;
  const letters = (word: string): boolean => /^\p{L}+$/u.test(word);
  return letters(x) && letters(y) && Math.max(x.length, y.length) >= SLIP_LETTERS && editDistance(x, y, 1) === 1;
}

/** Insertions, deletions and replacements between two texts; any number above `limit` where they are more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    if (Math.min(...current) > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length]!;
}

/** The whole numbers that an option like `20-29`, `22 to 26` covers; null where it is no range. */
export function rangeOf(text: string): readonly [low: number, high: number] | null {
  const match = /^(-?\d+)\s*-\s*(-?\d+)(?: years?(?: old)?)?$/.exec(foldText(text));
  if (match === null) return null;
  const [low, high] = [Number(match[1]), Number(match[2])];
  return low <= high ? [low, high] : null;
}

const overlappingRanges: Rule = {
  id: 'overlapping-ranges',
  severity: 'warning',
  explanation:
    'The ranges of two options overlap, so that a value in both has two right answers. Ranges that meet at one end are not counted.',
  check: eachQuestion(function* ({ options }) {
    const ranges = options.flatMap(option => {
      const range = rangeOf(option.text);
      return range === null ? [] : [{ option, range }];
    });
    for (const [i, a] of ranges.entries()) {
      for (const b of ranges.slice(i + 1)) {
        if (Math.min(a.range[1], b.range[1]) > Math.max(a.range[0], b.range[0]))
          yield `${a.option.label} ${quote(a.option.text)} and ${b.option.label} ${quote(b.option.text)} overlap`;
      }
    }
  }),
};

/** Options that any question may have beside those of its kind. */
const GENERAL = /^(?:none|all|both|neither|cannot|can't|not |any |unknown|other|yes|no$)/;

const optionNotInDescription: Rule = {
  id: 'option-not-in-description',
  severity: 'warning',
  explanation:
    'The task description lists the labels to use, and an option of the same kind is not among them (age bins "50-60" where the list has "50-59").',
  check: eachQuestion(function* ({ prepend, options }) {
    const listed = new Set(listedLabels(prepend).map(foldText));
    if (listed.size < 3) return;
    const ranges = [...listed].some(label => rangeOf(label) !== null);
    const fitting = options.filter(option => listed.has(foldText(option.text)));
    for (const { label, text } of options) {
      const folded = foldText(text);
      if (listed.has(folded) || GENERAL.test(folded) || imageList(folded) !== null) continue;
      const sameKind = ranges ? rangeOf(text) !== null : fitting.length > 0 && !/\d/.test(folded);
      if (sameKind) yield `${label} ${quote(text)} is not among the labels of the task description`;
    }
  }),
};

/** The members of a list after a colon, or in quotes. */
function listedLabels(description: string): string[] {
  const quoted = [...description.matchAll(/(?<![\p{L}\d])['"‘“]([^'"‘’“”]+?),?['"’”]/gu)].map(match => match[1] ?? '');
  if (quoted.length >= 3) return quoted;
  const list = /:([^.:]+)(?:\.(?:\s|$)|$)/.exec(description)?.[1]?.trim() ?? '';
  // "or" may join the last two labels, or be part of one, such as "Latino or Hispanic".
  return list
    .split(/,\s*(?:and\s+|or\s+)?/)
    .flatMap(label => [label, ...label.split(/(?<!\s)\s+(?:and|or)\s+/)])
    .map(label => label.replace(/(?<!\s)\s+years?(?: old)?$/, ''))
    .filter(label => label !== '');
}

const YES_NO = /^(?:yes|no|true|false)$/;

const paddedYesNo: Rule = {
  id: 'padded-yes-no',
  severity: 'warning',
  explanation:
    'A yes/no question is padded with options that cannot answer it, so that guessing is right half of the time and not a quarter.',
  check: eachQuestion(function* (question) {
    const { options } = question;
    const plain = options.filter(option => YES_NO.test(foldText(option.text)));
    const starting = options.filter(option => /^(?:yes|no|true|false)\b/.test(foldText(option.text)));
    const others = options.filter(
      option =>
        !starting.includes(option) && !/^(?:cannot|can't|not |unknown|unsure|maybe)/.test(foldText(option.text)),
    );
    if (plain.length === 2 && others.length > 0 && YES_NO.test(foldText(keyText(question))))
      yield `${others.map(option => `${option.label} ${quote(option.text)}`).join(', ')} cannot answer a yes/no question`;
  }),
};

const emptyText: Rule = {
  id: 'empty-text',
  severity: 'error',
  explanation: 'The question or one of its options has no text.',
  check: eachQuestion(function* ({ text, options }) {
    if (text.trim() === '') yield 'the question has no text';
    for (const option of options) if (option.text.trim() === '') yield `option ${option.label} has no text`;
  }),
};

const optionCount: Rule = {
  id: 'option-count',
  severity: 'warning',
  explanation:
    'The question has another number of options than nearly all others, and so another chance of being guessed.',
  check: function* ({ questions }) {
    const counts = [...groupBy(questions, question => String(question.options.length)).values()];
    const [usual] = counts.sort((a, b) => b.length - a.length);
    if (usual === undefined || usual.length < 0.8 * questions.length) return;
    const expected = usual[0]!.options.length;
    for (const { id, options } of questions) {
      if (options.length !== expected)
        yield { question: id, detail: `${options.length} options, others have ${expected}` };
    }
  },
};

const instructionLetters: Rule = {
  id: 'instruction-letters',
  severity: 'info',
  explanation: 'The instruction names letters ("A, B, C, D") that the question has no options for.',
  check: eachQuestion(function* ({ postpend, options }) {
    const named =
      /\bA(?:\s*,\s*(?:or\s+|and\s+)?[B-Z]\b)+(?:\s*,?\s*(?:or|and)\s+[B-Z]\b)?/
        .exec(postpend)?.[0]
        .match(/\b[A-Z]\b/g) ?? [];
    const labels = options.map(option => option.label);
    const extra = named.filter(letter => !labels.includes(letter));
    if (extra.length > 0) yield `the instruction names ${extra.join(', ')}, the options are ${labels.join(', ')}`;
  }),
};

export const OPTION_RULES: readonly Rule[] = [
  equivalentOptions,
  nearDuplicateOptions,
  overlappingRanges,
  optionNotInDescription,
  paddedYesNo,
  emptyText,
  optionCount,
  instructionLetters,
];
