import {
  type BenchComparison,
  type BenchReport,
  type BenchScore,
  CATEGORIES,
  type LeaderboardRow,
  type Metric,
  nameOfCode,
  TASKS,
} from '../../../ground/contracts/index.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { formatShare, wrap } from '../../../kit/text/wrap.ts';

/** Codes in the order of the published tables, then those of other benchmarks. */
function inOrder(codes: Iterable<string>, known: readonly { readonly code: string }[]): string[] {
  const present = new Set(codes);
  const published: string[] = known.map(({ code }) => code).filter(code => present.has(code));
  return [...new Set([...published, ...[...present].sort()])];
}

interface GroupTable {
  readonly title: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly order?: readonly { readonly code: string }[];
}

function describeGroups({ title, metrics, order = [] }: GroupTable): string {
  const rows = inOrder(Object.keys(metrics), order).flatMap(code => {
    const metric = metrics[code];
    return metric === undefined ? [] : [[nameOfCode(code), String(metric.n), formatShare(metric)]];
  });
  const columns = [
    { title, maxWidth: 32 },
    { title: 'questions', align: 'right' as const },
    { title: 'right', maxWidth: 34 },
  ];
  return `\n${formatTable(columns, rows)}`;
}

const nameOf = ({ model, setting }: BenchScore): string => `${model}, ${setting ?? 'no answers'}`;

function describeOutcomes({ outcomes, counts }: BenchScore): string {
  const said = Object.entries(outcomes).map(([outcome, n]) => `${n} ${outcome}`);
  const left = [
    ...(counts.unasked > 0 ? [`${counts.unasked} of ${counts.questions} questions were not asked`] : []),
    ...(counts.drawn > 0 ? [`${counts.drawn} answers were chosen at random`] : []),
    ...(counts.cutOff > 0 ? [`${counts.cutOff} were cut off at the token limit`] : []),
  ];
  const total = `${counts.answers} ${counts.answers === 1 ? 'reply' : 'replies'}: ${said.join(', ')}`;
  return `${wrap([total, ...left].join('; '), 80, '')}\n`;
}

const points = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;

const pointsWithin = ({ value, interval }: Metric): string =>
  interval === null ? points(value ?? 0) : `${points(value ?? 0)} [${points(interval.low)}, ${points(interval.high)}]`;

/** Lines on what a model did with tools, and what that changed. */
function describeTools({ tools }: BenchScore): string[] {
  if (tools === null) return [];
  const { called, calls, failed, byTool, rightWithCalls, rightWithoutCalls, changed } = tools;
  const names = Object.entries(byTool).sort((a, b) => b[1] - a[1]);
  const list = names.length === 0 ? '' : ` (${names.map(([name, n]) => `${name} ${n}`).join(', ')})`;
  return [
    `tools were called for ${formatShare(called)} of the replies: ${calls} calls${list}, ${failed} of them refused`,
    ...(rightWithCalls.value === null || rightWithoutCalls.value === null
      ? []
      : [`right with a call: ${formatShare(rightWithCalls)}; without one: ${formatShare(rightWithoutCalls)}`]),
    changed === null
      ? 'what the tools changed is not known: the questions were not asked without them'
      : `against the same questions without tools: ${pointsWithin(changed.difference)} points, p = ${changed.p.toPrecision(2)}; ${changed.gained} questions went better, ${changed.lost} worse`,
  ];
}

/** Lines on what not every run has: rotations, flagged questions, tools, tokens. */
function describeExtras(score: BenchScore): string {
  const { withoutFlagged, rotation, usage, letters } = score;
  const { inputTokens, outputTokens, cachedInputTokens, cost } = usage;
  const tokens = (metric: Metric): string => Math.round(metric.value ?? 0).toLocaleString('en-US');
  const fromCache = cachedInputTokens?.value ? ` (${tokens(cachedInputTokens)} from a cache)` : '';
  const used = (inputTokens.value ?? 0) + (outputTokens.value ?? 0) > 0;
  const lines = [
    ...(withoutFlagged === null
      ? []
      : withoutFlagged.flagged === 0
        ? ['the linter flagged no question']
        : [
            `without the ${withoutFlagged.flagged} questions that the linter flagged: ${formatShare(withoutFlagged.overall)}`,
          ]),
    ...(rotation === null
      ? []
      : [
          `the same option in every rotation: ${formatShare(rotation.consistent)}`,
          `right in every rotation: ${formatShare(rotation.allCorrect)}`,
        ]),
    ...(letters.test.p === null
      ? []
      : [`wrong letters spread evenly: p = ${letters.test.p.toPrecision(2)} of ${letters.test.n} wrong replies`]),
    ...describeTools(score),
    ...(used ? [`tokens: ${tokens(inputTokens)} in${fromCache}, ${tokens(outputTokens)} out`] : []),
    ...(cost.value === null ? [] : [`cost: $${cost.value.toFixed(2)}`]),
  ];
  return lines.map(line => `${wrap(line, 80, '')}\n`).join('');
}

/** One score for a terminal of 80 columns: overall, what became of the replies, categories and tasks. */
export function describeScore(score: BenchScore): string {
  const head = `${nameOf(score)}: ${formatShare(score.overall)} right of ${score.overall.n} questions (${score.parser} parser)`;
  return [
    `${wrap(head, 80, '')}\n`,
    describeOutcomes(score),
    describeExtras(score),
    describeGroups({ title: 'category', metrics: score.byCategory, order: CATEGORIES }),
    describeGroups({ title: 'task', metrics: score.byTask, order: TASKS }),
    describeGroups({ title: 'images', metrics: score.byImageCount }),
  ].join('');
}

const CHANGES: ReadonlyMap<string, string> = new Map([
  ['seed', 'no seed was sent: repeats and re-runs may differ'],
  ['logprobs', 'no log-probabilities were asked for'],
  ['temperature', "no temperature was sent: the server's own was used, so that replies may differ from run to run"],
  ['max_completion_tokens', 'the longest reply was asked for as max_completion_tokens'],
  ['max_tokens', 'no longest reply was asked for'],
  ['stream', 'replies came as streams'],
  ['stream_options', 'streams came without a count of tokens'],
]);

/** What was asked otherwise than the configuration says, because the server refuses that. */
function describeChanges({ changes = [], items }: BenchReport): string {
  if (changes.length === 0) return '';
  const lines = changes.map(({ change, replies }) => {
    const what = CHANGES.get(change) ?? `requests were changed (${change})`;
    return `${what} (${replies} of ${items.length} replies)`;
  });
  return `\n${['Not as configured, since the server refuses it:', ...lines.map(line => `- ${line}`)]
    .map(line => `${wrap(line, 80, line.startsWith('-') ? '  ' : '')}\n`)
    .join('')}`;
}

/** The report of a bench run: each score by the strict parser, and what the official one makes of it. */
export function describeBench(report: BenchReport): string {
  const { scores } = report;
  const official = scores.filter(({ parser }) => parser === 'official');
  const text = scores
    .filter(({ parser }) => parser === 'strict')
    .map(score => {
      const other = official.find(({ model, setting }) => model === score.model && setting === score.setting);
      const line = other === undefined ? '' : `\nby the official parser: ${formatShare(other.overall)}\n`;
      return `${describeScore(score)}${line}`;
    })
    .join('\n');
  return text + describeChanges(report);
}

function rowsTable(rows: readonly LeaderboardRow[]): string {
  return formatTable(
    [{ title: 'model', maxWidth: 32 }, { title: '' }, { title: 'questions', align: 'right' }, { title: 'right' }],
    rows.map(row => [row.name, row.published ? 'published' : '', String(row.overall.n), formatShare(row.overall)]),
  );
}

/** One ranking where all rows are of the same questions; else the published ones stand apart. */
function describeRows({ rows, publishedNotTested }: BenchComparison): string {
  if (publishedNotTested === null) return rowsTable(rows);
  const [published, own] = [rows.filter(row => row.published), rows.filter(row => !row.published)];
  return `${rowsTable(own)}\n${wrap('Published, of other questions, and so not to be ranked with these:', 80, '')}\n${rowsTable(published)}`;
}

/** Own models against each other, and how many of the published rows each is really above or below. */
function describeDifferences({ pairs, rows, falseDiscoveryRate }: BenchComparison): string {
  const published = new Set(rows.flatMap(row => (row.published ? [row.name] : [])));
  const own = pairs.filter(({ first, second }) => !published.has(first) && !published.has(second));
  const lines = own.map(({ first, second, difference, q, real, reason }) => {
    const { value } = difference;
    if (value === null || q === null) return `${first} and ${second}: not tested, ${reason ?? difference.reason}`;
    return `${real ? 'real' : 'may be chance'}: ${first} less ${second}: ${pointsWithin(difference)} points, q = ${q.toPrecision(2)}`;
  });
  const models = [...new Set(pairs.filter(({ first }) => !published.has(first)).map(({ first }) => first))];
  const against = models.flatMap(name => {
    const tested = pairs.filter(({ first, second }) => first === name && published.has(second));
    const real = tested.filter(pair => pair.real);
    const above = real.filter(({ difference }) => (difference.value ?? 0) > 0).length;
    return tested.length === 0
      ? []
      : [`${name}: really above ${above} of the ${tested.length} published rows, really below ${real.length - above}`];
  });
  const all = [...lines, ...against];
  if (all.length === 0) return '';
  const head = `\nDifferences (of those called real, ${(100 * falseDiscoveryRate).toFixed(0)} % are expected to be chance):\n`;
  return head + all.map(line => `${wrap(line, 80, '')}\n`).join('');
}

/** A comparison for a terminal of 80 columns. */
export function describeComparison(comparison: BenchComparison): string {
  const { publishedNotTested: why, size } = comparison;
  const law =
    size === null || size.fit.exponent.value === null
      ? ''
      : `\n${wrap(`error falls with size^−${size.fit.exponent.value.toFixed(3)} over ${size.fit.n} models that state a size`, 80, '')}\n`;
  return [
    describeRows(comparison),
    describeDifferences(comparison),
    law,
    why === null ? '' : `\n${wrap(`Not tested against published rows: ${why}`, 80, '')}\n`,
  ].join('');
}
