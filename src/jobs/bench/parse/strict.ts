import type { QuestionOption } from '../../../ground/contracts/bench.ts';
import { type Commitment, commitmentAt, wholeCommitment } from './commitment.ts';
import { plainReply } from './markup.ts';
import { OptionMatcher } from './option-match.ts';
import { labelled, type Parsed } from './parsed.ts';
import { findRefusal } from './refusal.ts';
import { stripReasoning } from './strip-reasoning.ts';

const VERB =
  '(?:is|are|=|was|:|->|→|=>|-(?=[ ])|(?:should|must|would|will|might|may|could) be|seems to be|appears to be|has to be)';
/** Phrases after which an answer stands. */
const LEADS: readonly RegExp[] = [
  new RegExp(
    String.raw`\b(?:answer|option|choice|selection|response|solution|conclusion|prediction)\b(?:\s+(?:here|letter|to (?:the|this|your) question))?\s*${VERB}`,
    'giu',
  ),
  new RegExp(
    String.raw`\b(?:correct|right|best|proper) (?:one|label|letter|group|answer|option|choice)s?\s*${VERB}`,
    'giu',
  ),
  /\b(?:i|we)(?:'d|'ll|'m)?\s+(?:(?:would|will|therefore|thus|must|have to|am|can)\s+)*(?:choose|choosing|pick|picking|select|selecting|answer|say|go(?:ing)? with|opt(?:ing)? for|settle on|conclude)(?:\s+that)?(?:\s+it(?:'s| is))?\s*:?/giu,
  /(?:答案|正确选项|选项|故选|应选|选择|选)\s*(?:应该)?(?:是|为)?\s*:?/gu,
  /(?:^|\n)\s*(?:#{2,}|=>|->|→)/gu,
];
/** A word that draws the conclusion, or "it is", right before the answer, which then ends the sentence. */
const CONCLUSION =
  /(?:^|\n|[.!?]\s+)(?:(?:therefore|thus|hence|so|finally|in conclusion|in summary|overall)[,:]?\s+(?:it(?:'s| is| must be)\s+)?|(?:it|that)(?:'s| is| must be| would be)\s+|assistant\s*:?\s*)(?:option\s+)?[("'[]{0,4}([A-Za-z])[)"'\]]{0,4}(?=\s*(?:$|[.!\n]))/giu;
/** "Option C is correct", "(B) is the best answer". */
const PRAISED =
  /(?<before>(?<!\p{L})\p{L}{1,40}\s+)?[("'[]{0,4}\b(?<label>[A-Z])\b[)"'\]]{0,4},?\s+(?:is|would be|must be|seems|appears to be|looks)\s+(?:clearly\s+|therefore\s+|the\s+)*(?:most\s+\p{L}+\s+|correct|right|best|answer|accurate)/gu;
/** What names a thing and not an option: "person A", "Image B". */
const NOT_AN_OPTION =
  /^(?:person|individual|subject|identity|image|picture|celebrity|man|woman|face|case|type|group)\s$/i;
const HYPOTHESIS = /\b(?:if|whether|unless|suppose|assuming|had)\b[^.!?\n]{0,60}$/i;

/** Characters, at the end, of a reply and of it without reasoning that are looked at: its last commitment counts. */
const MOST_RAW = 1024 * 1024;
const MOST_CHARACTERS = 32 * 1024;

interface Place {
  readonly at: number;
  readonly commitment: Exclude<Commitment, null>;
  readonly how: string;
}

/**
 * Reads a reply for the last answer that it commits to, and nothing less: reasoning between tags is left out; a boxed, tagged or
 * JSON answer comes before a sentence like "the answer is …", that before a reply or line that is only an answer; the words of an
 * option count where they fit one option alone. A reply that declines is `refused`; one that names several labels, or none, is
 * `unparsed`. The label is always one of the options'.
 */
export function parseStrict(raw: string, options: readonly QuestionOption[]): Parsed {
  const reply = stripReasoning(raw.slice(-MOST_RAW)).slice(-MOST_CHARACTERS);
  if (reply === '') return unparsed(raw.trim() === '' ? 'empty' : 'only reasoning');
  const matcher = new OptionMatcher(options);
  const { text, marked, bold } = plainReply(reply);
  const explicit =
    lastOf(
      marked.map(content => wholeCommitment(content, matcher)),
      'marked answer',
    ) ??
    phraseAnswer(text, matcher) ??
    lineAnswer(text, matcher);
  if (explicit !== null) return explicit;
  const refusal = findRefusal(text);
  if (refusal !== null) return { kind: 'refused', how: refusal };
  return faintAnswer(text, bold, matcher) ?? unparsed('no answer that is clear');
}

const unparsed = (how: string): Parsed => ({ kind: 'unparsed', how });

function decide(commitment: Commitment, how: string): Parsed | null {
  if (commitment === null) return null;
  return commitment === 'several' ? unparsed(`${how}: several options`) : labelled(commitment.label, how);
}

function lastOf(commitments: readonly Commitment[], how: string): Parsed | null {
  return decide(commitments.findLast(commitment => commitment !== null) ?? null, how);
}

/** The last sentence that says which answer it is. */
function phraseAnswer(text: string, matcher: OptionMatcher): Parsed | null {
  const places: Place[] = [];
  const add = (at: number, commitment: Commitment, how: string): void => {
    if (commitment !== null && !HYPOTHESIS.test(text.slice(Math.max(0, at - 80), at)))
      places.push({ at, commitment, how });
  };
  for (const lead of LEADS) {
    for (const match of text.matchAll(lead)) {
      const end = match.index + match[0].length;
      add(match.index, commitmentAt(text.slice(end, end + 400), matcher), `after "${match[0].trim()}"`);
    }
  }
  for (const match of text.matchAll(CONCLUSION)) {
    const label = match[1]?.toUpperCase() ?? '';
    if (matcher.labels.has(label)) add(match.index + match[0].length, { label }, 'conclusion');
  }
  for (const match of text.matchAll(PRAISED)) {
    const { before = '', label = '' } = match.groups ?? {};
    if (matcher.labels.has(label) && !NOT_AN_OPTION.test(before)) add(match.index, { label }, 'called correct');
  }
  const last = places.reduce<Place | null>((a, b) => (a === null || b.at >= a.at ? b : a), null);
  return last === null ? null : decide(last.commitment, last.how);
}

/** The whole reply, or its last line that is an answer and nothing else, or the line it opens with. */
function lineAnswer(text: string, matcher: OptionMatcher): Parsed | null {
  const whole = decide(wholeCommitment(text, matcher), 'whole reply');
  if (whole !== null) return whole;
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  const bare = lines.map(line => wholeCommitment(line, matcher));
  const named = new Set(bare.flatMap(one => (one === null || one === 'several' ? [] : [one.label])));
  // A reply that repeats the options commits to none of them.
  const listing = named.size > 1 && bare.filter(one => one !== null).length >= Math.min(matcher.labels.size, 3);
  if (!listing && lines.length > 1) {
    const last = lastOf(bare, 'line of its own');
    if (last !== null) return last;
  }
  const leading = new Set(lines.flatMap(line => leadingLabel(line, matcher) ?? []));
  const [label] = leading;
  if (label !== undefined && leading.size === 1 && leadingLabel(lines[0] ?? '', matcher) !== null)
    return decide(commitmentAt(lines[0] ?? '', matcher), 'first words');
  if (leading.size > 1) return listing ? unparsed('repeats the options') : null;
  return null;
}

/** The label that a line opens with, set apart as labels are: `B) …`, `(B) …`, `B. …`, `B: …`, `B - …`, `B, …`, `B because`. */
function leadingLabel(line: string, matcher: OptionMatcher): string | null {
  const match =
    /^(?:[("'[]*([A-Z])(?:[)"'\]]+|\s*[.:,;]|\s+-)(?:\s|$)|([A-Z])\s+(?:because|since|due)\b|[([]?([a-z])\)\s)/.exec(
      line,
    );
  const label = (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').toUpperCase();
  return matcher.labels.has(label) ? label : null;
}

/** Answers that are not announced, where there is only one thing they can mean. */
function faintAnswer(text: string, bold: readonly string[], matcher: OptionMatcher): Parsed | null {
  const strong = [...new Set(bold.map(content => JSON.stringify(wholeCommitment(content, matcher))))].filter(
    content => content !== 'null',
  );
  if (strong.length === 1) {
    const found = lastOf(
      bold.map(content => wholeCommitment(content, matcher)),
      'only bold answer',
    );
    if (found !== null) return found;
  }
  const mentions = [...text.matchAll(/\(([A-Z])\)|\b[Oo]ption\s+["']?([A-Z])\b|\[([A-Z])\]/g)]
    .map(match => match[1] ?? match[2] ?? match[3] ?? '')
    .filter(label => matcher.labels.has(label));
  const [mention] = new Set(mentions);
  if (
    mention !== undefined &&
    new Set(mentions).size === 1 &&
    !/\b(?:not|isn't|wrong|incorrect|neither|cannot)\b/i.test(text)
  )
    return labelled(mention, 'only option named');
  const label = matcher.contained(text);
  return label === null ? null : labelled(label, 'only option whose text it has');
}
