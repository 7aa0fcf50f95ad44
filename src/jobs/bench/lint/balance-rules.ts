import type { Question } from '../../../ground/contracts/bench.ts';
import { chiSquareSurvival, regularisedBeta } from '../../../ground/math/index.ts';
import { foldText } from '../canonical.ts';
import { groupBy, quote, type Rule, type RuleFinding, stemOf } from './rule.ts';

/** Chance, per group looked at, that a fair benchmark is found unfair. */
const FALSE_ALARM_RATE = 1e-4;
/** Questions below which a pattern is not told from chance. */
const FEWEST = 8;

/** P(at least `hits` of `n`) where each comes with probability `share`. */
const tail = (hits: number, n: number, share: number): number =>
  hits === 0 ? 1 : regularisedBeta(share, hits, n - hits + 1).lower;

const unbalancedLetters: Rule = {
  id: 'unbalanced-letters',
  severity: 'warning',
  explanation:
    'The right answers of a file are not spread evenly over the letters, so that a model that prefers one letter gains or loses by it.',
  check: function* ({ questions }) {
    for (const [stem, group] of groupBy(questions, stemOf)) {
      const finding = letterImbalance(group);
      if (finding !== null) yield { question: stem, detail: finding };
    }
    const all = letterImbalance(questions);
    if (all !== null) yield { question: '*', detail: all };
  },
};

function letterImbalance(group: readonly Question[]): string | null {
  const counts = new Map<string, number>();
  const expected = new Map<string, number>();
  for (const { correct, options } of group) {
    counts.set(correct, (counts.get(correct) ?? 0) + 1);
    for (const { label } of options) expected.set(label, (expected.get(label) ?? 0) + 1 / options.length);
  }
  if (expected.size < 2 || Math.min(...expected.values()) < 5) return null;
  let statistic = 0;
  for (const [label, n] of expected) statistic += ((counts.get(label) ?? 0) - n) ** 2 / n;
  const p = chiSquareSurvival(statistic, expected.size - 1);
  if (p >= FALSE_ALARM_RATE) return null;
  const shares = [...expected.keys()].sort().map(label => `${label} ${counts.get(label) ?? 0}`);
  return `the right answers are ${shares.join(', ')} of ${group.length} (p = ${p.toExponential(1)})`;
}

/** What questions made from one template share: the text without names, numbers and lists. */
function templateOf(question: Question): string {
  const text = foldText(question.text)
    .replace(/"[^"]*"|'[^']*'/g, '…')
    .replace(/: [^.?]*/g, ': …')
    .replace(/\d+/g, '0');
  return `${stemOf(question)} ${text}`;
}

function ascending(question: Question): boolean {
  const values = question.options.map(option => Number(option.text.trim() === '' ? Number.NaN : option.text));
  return values.every((value, i) => i === 0 || value > values[i - 1]!) && !values.some(Number.isNaN);
}

const sortedOptions: Rule = {
  id: 'sorted-options',
  severity: 'warning',
  explanation:
    'The numbers of a template are always in ascending order and the key nearly always at the same place, which answers the question without a look at the images.',
  check: function* ({ questions }) {
    for (const group of groupBy(questions.filter(ascending), templateOf).values()) {
      const places = groupBy(group, question => question.correct);
      const [usual] = [...places.values()].sort((a, b) => b.length - a.length);
      const first = group[0];
      if (usual === undefined || first === undefined || group.length < FEWEST) continue;
      const options = Math.min(...group.map(question => question.options.length));
      // The likeliest of so many places is looked at, hence the factor.
      if (options * tail(usual.length, group.length, 1 / options) >= FALSE_ALARM_RATE) continue;
      const detail = `ascending numbers; the key is ${usual[0]!.correct} in ${usual.length} of ${group.length} questions like ${quote(first.text)}`;
      for (const { id } of group) yield { question: id, detail };
    }
  },
};

const lengthGivesKey: Rule = {
  id: 'length-gives-key',
  severity: 'warning',
  explanation: 'In a file the key is the longest, or the shortest, option far more often than chance would have it.',
  check: function* ({ questions }) {
    for (const [stem, group] of groupBy(questions, stemOf)) {
      yield* extremeLengths(stem, group, 'longest');
      yield* extremeLengths(stem, group, 'shortest');
    }
  },
};

function* extremeLengths(
  stem: string,
  group: readonly Question[],
  which: 'longest' | 'shortest',
): Generator<RuleFinding> {
  let n = 0;
  let hits = 0;
  let chance = 0;
  for (const { options, correct } of group) {
    const lengths = options.map(option => option.text.length);
    const extreme = which === 'longest' ? Math.max(...lengths) : Math.min(...lengths);
    const at = options.filter(option => option.text.length === extreme);
    if (at.length !== 1) continue;
    n++;
    chance += 1 / options.length;
    if (at[0]?.label === correct) hits++;
  }
  if (n < FEWEST) return;
  const p = tail(hits, n, chance / n);
  if (p < FALSE_ALARM_RATE)
    yield {
      question: stem,
      detail: `the key is the ${which} option in ${hits} of ${n} questions (p = ${p.toExponential(1)})`,
    };
}

const noneNeverRight: Rule = {
  id: 'none-never-right',
  severity: 'info',
  explanation:
    'An option such as "None of the above" stands in many questions of a file and is the key of none: it can be ruled out.',
  check: function* ({ questions }) {
    for (const [stem, group] of groupBy(questions, stemOf)) {
      const offered = group.flatMap(question =>
        question.options.flatMap(({ label, text }) =>
          /^none of the (?:above|these|options)$/.test(foldText(text))
            ? [{ key: label === question.correct, share: 1 / question.options.length }]
            : [],
        ),
      );
      const p = offered.reduce((product, { share }) => product * (1 - share), 1);
      if (p < FALSE_ALARM_RATE && !offered.some(({ key }) => key))
        yield { question: stem, detail: `"None of the above" is in ${offered.length} questions and right in none` };
    }
  },
};

export const BALANCE_RULES: readonly Rule[] = [unbalancedLetters, sortedOptions, lengthGivesKey, noneNeverRight];
