import type { OptionMatcher } from './option-match.ts';

/** What a place in a reply commits to: one label, more than one, or nothing. */
export type Commitment = { readonly label: string } | 'several' | null;

const OPENING = String.raw`(?:(?:the\s+)?(?:option|choice|letter|answer|label)\s*#?:?\s*)?`;
const LABEL_HERE = new RegExp(String.raw`^\s*(${OPENING})[("'\[{]*([A-Za-z])[)"'\]}]*(?![\p{L}\p{N}_'’])`, 'iu');
/** Words that may come between "the answer is" and the answer. */
const FILLER =
  /^\s*(?:(?:therefore|thus|hence|then|clearly|most likely|very likely|likely|probably|definitely|certainly|indeed|simply|just|either|now|actually|in fact|obviously|:|=|-)[\s,:]*)+/i;
/** A second label that belongs to the same answer: "A or B", "B, C and D", "A/C". */
const NEXT_LABEL =
  /^\s{0,4}(?:,\s{0,4}(?:and|or)?|\/|&|\+|\bor\b|\band\b|\bas well as\b)\s{0,4}(?:option\s+)?[("'[]{0,4}([A-Za-z])[)"'\]]{0,4}(?=\s*(?:$|[.,;:!?)\n/&]|\b(?:and|or|are|both|respectively)\b))/i;
/** After a capital A, words of a sentence in which it is a label and not an article. */
const AFTER_LABEL_A =
  /^\s*(?:$|[^\sA-Za-z]|[A-Z]|(?:because|since|as|is|was|due|for|and|or|with|which|but|given|based|from|seems|appears|would|matches|corresponds)\b)/;
const SENTENCE_END = /^\s*(?:$|[.,;:!?)\]}"'\n])/;

/** Characters in which an answer stands that begins a text: all but the longest options are shorter. */
const MOST_LENGTH = 1000;

/**
 * Reads the answer that stands at the start of `text`: a label (`B`, `(b)`, `option C.`), a label with the text of its option, or
 * the text of an option.
 */
export function commitmentAt(text: string, matcher: OptionMatcher): Commitment {
  const rest = text.slice(0, MOST_LENGTH).replace(FILLER, '');
  const match = LABEL_HERE.exec(rest);
  const letter = match?.[2] ?? '';
  const label = letter.toUpperCase();
  if (match === null || !matcher.labels.has(label)) return textAt(rest, matcher);
  const after = rest.slice(match[0].length);
  const introduced = match[1] !== '' || /[)\]}]$/.test(match[0]);
  if (letter !== label && !introduced && !SENTENCE_END.test(after)) return textAt(rest, matcher);
  if (label === 'A' && !introduced && !AFTER_LABEL_A.test(after)) return textAt(rest, matcher);
  const next = NEXT_LABEL.exec(after)?.[1]?.toUpperCase();
  if (next !== undefined && next !== label && matcher.labels.has(next)) return 'several';
  return contradicts(after, label, matcher) ? 'several' : { label };
}

function textAt(text: string, matcher: OptionMatcher): Commitment {
  const label = matcher.prefix(text.split('\n', 1)[0] ?? '');
  return label === null ? null : { label };
}

/** Whether the words after a label are those of another option: `B. Image 1` where A is Image 1. */
function contradicts(after: string, label: string, matcher: OptionMatcher): boolean {
  const said = /^\s*[.):\]-]*\s*([^\n]*)/.exec(after)?.[1] ?? '';
  const meant = matcher.equal(said);
  return meant !== null && meant !== label && !matcher.says(said, label);
}

/** What a piece of text that is nothing but an answer commits to; null where it is more, or not one. */
export function wholeCommitment(text: string, matcher: OptionMatcher): Commitment {
  // What is much longer than an option is more than an answer.
  if (text.length > Math.max(MOST_LENGTH, 2 * matcher.longest)) return null;
  const bare =
    /^[\s("'[{]*(?:(?:final\s+)?(?:answer|option|choice|letter)\s*:?\s*)?[("'[{]*([A-Za-z])[\s)"'\]}.:;,!]*$/i.exec(
      text,
    );
  const label = bare?.[1]?.toUpperCase() ?? '';
  if (matcher.labels.has(label)) return { label };
  const equal = matcher.equal(text);
  if (equal !== null) return { label: equal };
  const both = /^[\s("'[{]*(?:option\s+)?([A-Za-z])(?:[)\]}.:,-]+|\s+-|(?=\s))\s*(\S[^\n]*)$/i.exec(text);
  const leading = both?.[1]?.toUpperCase() ?? '';
  if (!matcher.labels.has(leading) || both?.[2] === undefined) return severalLabels(text, matcher) ? 'several' : null;
  if (matcher.says(both[2], leading)) return { label: leading };
  return matcher.equal(both[2]) !== null || severalLabels(text, matcher) ? 'several' : null;
}

const JOINS = new Set([',', '/', '&', 'and', 'or']);
const BRACKETS = new Set(['(', ')', '[', ']', '"', "'"]);

/** `A, C`, `A and B`, `(A)/(B)`. */
function severalLabels(text: string, matcher: OptionMatcher): boolean {
  const words = (text.match(/[A-Za-z]+|[^\sA-Za-z]/g) ?? []).filter(word => !BRACKETS.has(word));
  while (words.at(-1) === '.') words.pop();
  const labels = words.filter(word => /^[A-Z]$/.test(word));
  const joined = words.every((word, i) => {
    const label = /^[A-Z]$/.test(word);
    // Labels at both ends, and something that joins before every other one.
    const follows = i === 0 || JOINS.has(words[i - 1] ?? '');
    return label ? follows : JOINS.has(word) && i > 0 && i < words.length - 1;
  });
  return joined && new Set(labels.filter(label => matcher.labels.has(label))).size > 1;
}
