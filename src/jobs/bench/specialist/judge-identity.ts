import type { Likeness } from './face-sight.ts';
import type { OptionForm } from './option-forms.ts';
import { judgeByNumber, judgeByTrait, type Verdict } from './verdict.ts';

/**
 * Euclidean distance below which dlib's recogniser, whose numbers these are, calls two faces one person (its authors'
 * figure).
 */
const SAME_DISTANCE = 0.6;
/** How fast the call becomes sure on either side. */
const SOFTNESS = 0.04;

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** Probability that two images show one person. */
export function sameness(a: Likeness, b: Likeness): number {
  return 1 / (1 + Math.exp((distance(a.embedding, b.embedding) - SAME_DISTANCE) / SOFTNESS));
}

/**
 * The probability that two images show one person, given that they are a pair of `n` images in which about half have a partner,
 * rather than a pair for which both answers are as likely.
 */
function amongMany(p: number, n: number): number {
  const odds = 1 / (2 * (n - 1));
  return p >= 1 ? 1 : (p * odds) / (p * odds + 1 - p);
}

/** Answers who is the same person as whom; null where the text asks something else. */
export function judgeIdentity({
  text,
  pictures,
  form,
}: {
  readonly text: string;
  readonly pictures: readonly Likeness[];
  readonly form: OptionForm;
}): Verdict | null {
  const n = pictures.length;
  if (n < 2) return null;
  const same = pictures.map(a => pictures.map(b => (a === b ? 1 : sameness(a, b))));
  const why = `same person: ${describePairs(same)}`;
  // How many belong together is asked of all pairs at once, of which few do.
  const likely = same.map(row => row.map(p => amongMany(p, n)));
  const groups = groupsOf(likely);

  if (form.kind === 'yes-no') return judgeByTrait([same[0]![1]!], { form, why });
  if (/\bpairs?\b/i.test(text) && form.kind === 'counts') {
    return judgeByTrait(
      pairsOf(n).map(([i, j]) => likely[i]![j]!),
      { form, why },
    );
  }
  if (
    /\b(unique|distinct|different|how many)\b.{0,300}\b(identit|individual|person|people|subject)/i.test(text) &&
    form.kind === 'counts'
  ) {
    if (!/\bsame\b/i.test(text)) return judgeByNumber(new Set(groups).size, { form, deviation: 0.7, why });
  }
  const reference = referencePicture(text, n);
  if (form.kind === 'pictures') {
    if (isOddOneOut(text)) return oddOneOut(same, { sets: form.values, why });
    if (reference !== null) return judgeAgainst(reference, { same, form, why });
    const none = noneScore(same, form.values);
    return { scores: form.values.map(set => (set === null ? none : groupScore(same, set))), why };
  }
  if (reference !== null) return judgeAgainst(reference, { same, form, why });
  const largest = Math.max(...groups.map(group => groups.filter(other => other === group).length));
  return judgeByNumber(/\bdifferent\b/i.test(text) ? n - largest : largest, { form, deviation: 0.7, why });
}

/** "… the same person as in image 1": the image that the others are compared with. */
function referencePicture(text: string, n: number): number | null {
  const match =
    /\b(?:as|with|to|of|in)\s+(?:the\s+)?(?:person\s+|one\s+|face\s+)?(?:shown\s+)?(?:in\s+)?(?:the\s+)?(?:image|picture|photo)\s+(\d+)|\b(?:as|with|to)\s+(?:in\s+)?the\s+first\b/i.exec(
      text,
    );
  if (match === null) return null;
  const index = match[1] === undefined ? 0 : Number(match[1]) - 1;
  return index >= 0 && index < n ? index : null;
}

const isOddOneOut = (text: string): boolean =>
  /\b(not|isn't|doesn't|does not|odd|unlike|other than)\b|\bdifferent (person|identity|individual|from)/i.test(text);

interface Comparison {
  /** `[n][n]`: probability that two images show one person. */
  readonly same: readonly (readonly number[])[];
  readonly form: OptionForm;
  readonly why: string;
}

function judgeAgainst(reference: number, { same, form, why }: Comparison): Verdict | null {
  const others = same[reference]!.map((p, i) => (i === reference ? null : p));
  if (form.kind !== 'pictures') {
    const known = others.filter(p => p !== null);
    return judgeByTrait(known, { form, why });
  }
  // The image that is compared with may or may not be named among those that match it.
  const sets = form.values.map(set => set?.filter(i => i !== reference) ?? null);
  const even = others.map(p => p ?? 0.5);
  return judgeByTrait(even, { form: { kind: 'pictures', values: sets }, why });
}

/** A set fits where all its members are alike and nobody outside is like them. */
function groupScore(same: readonly (readonly number[])[], set: readonly number[]): number {
  let score = 0;
  for (const [i, j] of pairsOf(same.length)) {
    const inside = Number(set.includes(i)) + Number(set.includes(j));
    const p = Math.min(0.999, Math.max(0.001, same[i]![j]!));
    if (inside === 2) score += Math.log(p);
    if (inside === 1) score += Math.log(1 - p);
  }
  // Without a pair there is nothing alike, which is the claim of "none".
  if (set.length < 2) for (const [i, j] of pairsOf(same.length)) score += Math.log(Math.max(0.001, 1 - same[i]![j]!));
  return score;
}

/** Odds that "None of the above" is right against each set that is offered: sets of released questions are right more often. */
const NONE_ODDS = 0.5;

/** None fits where the offered set that fits best would fit better with nobody alike in it. */
function noneScore(same: readonly (readonly number[])[], sets: readonly (readonly number[] | null)[]): number {
  const scores = sets.flatMap(set => {
    if (set === null || set.length < 2) return [];
    const inside = pairsOf(same.length).filter(([i, j]) => set.includes(i) && set.includes(j));
    const apart = inside.reduce((sum, [i, j]) => {
      const p = Math.min(0.999, Math.max(0.001, same[i]![j]!));
      return sum + Math.log((1 - p) / p);
    }, 0);
    return [groupScore(same, set) + apart];
  });
  return scores.length === 0 ? Math.log(0.02) : Math.log(NONE_ODDS) + Math.max(...scores);
}

/** The images of `set` show somebody else than the rest does, and the rest is one person. */
function oddOneOut(
  same: readonly (readonly number[])[],
  { sets, why }: { readonly sets: readonly (readonly number[] | null)[]; readonly why: string },
): Verdict {
  const score = (set: readonly number[]): number => {
    const rest = same.map((_, i) => i).filter(i => !set.includes(i));
    return groupScore(same, rest);
  };
  return { scores: sets.map(set => (set === null ? Math.log(0.02) : score(set))), why };
}

function pairsOf(n: number): [number, number][] {
  return Array.from({ length: n }, (_, i) => i).flatMap(i =>
    Array.from({ length: n - i - 1 }, (_, k): [number, number] => [i, i + 1 + k]),
  );
}

/** The group of each image: those linked by chains of more likely the same than not. */
function groupsOf(same: readonly (readonly number[])[]): number[] {
  const groups = same.map((_, i) => i);
  for (const [i, j] of pairsOf(same.length)) {
    if (same[i]![j]! <= 0.5 || groups[i] === groups[j]) continue;
    const [keep, drop] = [groups[i]!, groups[j]!];
    for (const [k, group] of groups.entries()) if (group === drop) groups[k] = keep;
  }
  return groups;
}

function describePairs(same: readonly (readonly number[])[]): string {
  const alike = pairsOf(same.length).filter(([i, j]) => same[i]![j]! > 0.5);
  if (alike.length === 0) return 'nobody twice';
  return alike.map(([i, j]) => `${i + 1}=${j + 1} (${same[i]![j]!.toFixed(2)})`).join(', ');
}
