import type { Finding } from '../../src/ground/contracts/audit.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { formatCount, formatInterval, formatP, formatShare, plural } from '../text/format.ts';
import { chanceOf, type Entry, rivalsOf } from './entries.ts';
import { formatPoints } from './points.ts';

/** Shares of replies from which a reader must be warned. */
const MANY_ERRORS = 0.01;
const MANY_UNREAD = 0.05;
/** A difference between parsers, or by flagged questions, that changes what one would say of a model. */
const NOTABLE = 0.01;

/** What the numbers of a model say, in plain words, the most important first. */
export function verdictOn(entry: Entry, report: BenchReport): readonly Finding[] {
  return [
    againstChance(entry),
    againstOthers(entry, report),
    onReplies(entry),
    onParsers(entry),
    onFlagged(entry),
    onLetters(entry),
  ].filter(finding => finding !== null);
}

function againstChance({ score, questions }: Entry): Finding {
  const { value, n, interval, reason } = score.overall;
  const chance = chanceOf(questions);
  const subject = 'accuracy';
  if (value === null || chance === null)
    return {
      subject,
      level: 'unknown',
      headline: 'No accuracy could be computed.',
      certainty: reason ?? 'There are no replies.',
    };
  const certainty = `${interval === null ? 'No interval could be computed' : `95 % interval ${formatInterval('share', interval)}`}, from ${plural(n, 'question')} in ${plural(score.counts.clusters, 'group')} that share no image. Guessing gets ${formatShare(chance)}.`;
  const is = `It answers ${formatShare(value)} of the questions correctly`;
  if (interval === null) return { subject, level: 'unknown', headline: `${is}.`, certainty };
  if (interval.low > chance)
    return { subject, level: 'good', headline: `${is}, ${formatPoints(value - chance)} above guessing.`, certainty };
  if (interval.high < chance)
    return { subject, level: 'bad', headline: `${is}, fewer than guessing would.`, certainty };
  return { subject, level: 'warning', headline: `${is}, which cannot be told from guessing.`, certainty };
}

function againstOthers({ name }: Entry, { comparison }: BenchReport): Finding | null {
  const subject = 'other models';
  const rivals = rivalsOf(name, comparison).filter(({ row }) => row.group !== 'baseline');
  const tested = rivals.filter(({ pair }) => pair.p !== null);
  if (tested.length === 0) {
    if (comparison.publishedNotTested === null) return null;
    return {
      subject,
      level: 'unknown',
      headline: 'It cannot be ranked among the published models.',
      certainty: `Not tested: ${comparison.publishedNotTested}.`,
    };
  }
  const better = tested.filter(({ pair, difference }) => pair.real && (difference.value ?? 0) > 0).length;
  const worse = tested.filter(({ pair, difference }) => pair.real && (difference.value ?? 0) < 0).length;
  const rest = tested.length - better - worse;
  return {
    subject,
    level: worse === 0 && better > 0 ? 'good' : better === 0 && worse > 0 ? 'bad' : 'warning',
    headline: placeText({ better, worse, rest }),
    certainty: `Differences called real have q ≤ ${comparison.falseDiscoveryRate} (Benjamini and Hochberg): about ${formatShare(comparison.falseDiscoveryRate)} of these calls are expected to be wrong.`,
  };
}

function placeText(counts: { readonly better: number; readonly worse: number; readonly rest: number }): string {
  const { better, worse, rest } = counts;
  const all = better + worse + rest;
  const many = all === 1 ? 'the other model' : `all ${plural(all, 'other model')}`;
  if (better === all) return `It is really better than ${many}.`;
  if (worse === all) return `It is really worse than ${many}.`;
  if (rest === all) return `It cannot be told from ${many}.`;
  const parts = [
    better > 0 ? `really better than ${formatCount(better)}` : null,
    worse > 0 ? `really worse than ${formatCount(worse)}` : null,
    rest > 0 ? `not told apart from ${formatCount(rest)}` : null,
  ].filter(part => part !== null);
  return `Of ${plural(all, 'other model')}, it is ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.`;
}

function onReplies({ score }: Entry): Finding | null {
  const { outcomes, counts } = score;
  if (counts.answers === 0) return null;
  const unread = (outcomes.refused + outcomes.unparsed) / counts.answers;
  const failed = outcomes.error / counts.answers;
  const headline =
    unread + failed === 0
      ? 'Every question got a reply that commits to an option.'
      : `${formatShare(1 - unread - failed)} of the replies commit to an option.`;
  return {
    subject: 'replies',
    level: failed > MANY_ERRORS || unread > MANY_UNREAD ? 'warning' : 'good',
    headline,
    certainty: `${formatCount(outcomes.refused)} refused and ${formatCount(outcomes.unparsed)} without a clear choice count as not right; ${formatCount(outcomes.error)} that got no reply are left out. ${formatCount(counts.cutOff)} were cut off at the token limit.`,
  };
}

function onParsers({ scores }: Entry): Finding | null {
  const [strict, official] = scores;
  const [a, b] = [strict?.overall.value, official?.overall.value];
  if (a == null || b == null) return null;
  const gap = b - a;
  const certainty = `Strict reading ${formatShare(a)}, the benchmark’s own ${formatShare(b)}. The benchmark’s own takes the first letter or option text that it finds, also out of reasoning.`;
  if (Math.abs(gap) < NOTABLE)
    return { subject: 'reading', level: 'good', headline: 'How replies are read hardly matters here.', certainty };
  return {
    subject: 'reading',
    level: 'warning',
    headline: `The benchmark’s own parser gives ${formatPoints(Math.abs(gap))} ${gap > 0 ? 'more' : 'less'} than a strict one.`,
    certainty,
  };
}

function onFlagged({ score }: Entry): Finding | null {
  const { withoutFlagged, overall } = score;
  if (withoutFlagged === null || withoutFlagged.flagged === 0) return null;
  const { value } = withoutFlagged.overall;
  if (value === null || overall.value === null) return null;
  const gap = value - overall.value;
  return {
    subject: 'defects',
    level: Math.abs(gap) < NOTABLE ? 'good' : 'warning',
    headline:
      Math.abs(gap) < NOTABLE
        ? 'Defects of the benchmark do not change the result.'
        : `Without defective questions it scores ${formatPoints(Math.abs(gap))} ${gap > 0 ? 'more' : 'less'}.`,
    certainty: `${formatShare(value)} without the ${plural(withoutFlagged.flagged, 'question')} in which the linter found a defect, ${formatShare(overall.value)} with them.`,
  };
}

function onLetters({ score }: Entry): Finding | null {
  const { test } = score.letters;
  if (test.p === null) return null;
  const biased = test.p <= 0.05;
  return {
    subject: 'letters',
    level: biased ? 'warning' : 'good',
    headline: biased
      ? 'It prefers some letters, whatever stands behind them.'
      : 'No evidence that it prefers some letters.',
    certainty: `Test that wrong replies fall evenly on the wrong letters: p ${test.p < 0.0001 ? '' : '= '}${formatP(test.p)}, ${plural(test.n, 'wrong reply', 'wrong replies')}.`,
  };
}
