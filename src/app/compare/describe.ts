import type { ComparedMetric, Metric, RunComparison } from '../../ground/contracts/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { formatTable } from '../../kit/text/table.ts';
import { formatMetric, wrap } from '../../kit/text/wrap.ts';

const WIDTH = 80;
/** Differences called real by q at most this are chance in so many cases. */
export const FALSE_DISCOVERY_RATE = 0.05;

const letterOf = (run: number): string => String.fromCharCode(65 + run);

type Unit = ComparedMetric['unit'];

function numberText(value: number, unit: Unit): string {
  if (unit === 'share') return (100 * value).toFixed(1);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return Number(value.toPrecision(3)).toString();
}

const valueText = (metric: Metric | null | undefined, unit: Unit): string =>
  metric === null || metric === undefined || metric.value === null
    ? '–'
    : `${numberText(metric.value, unit)}${unit === 'share' ? ' %' : ''}`;

const signed = (value: number, unit: Unit): string => {
  const text = numberText(Math.abs(value), unit);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
};

function differenceText({ unit, differences }: ComparedMetric, at: number): string {
  const found = differences[at];
  if (found === null || found === undefined || found.difference.value === null) return '–';
  const { value, interval } = found.difference;
  const range = interval === null ? '' : ` [${signed(interval.low, unit)}, ${signed(interval.high, unit)}]`;
  const real = found.q !== null && found.q <= FALSE_DISCOVERY_RATE;
  return `${signed(value, unit)}${range}${real ? ' *' : ''}`;
}

/** What the headline says of two runs: whether a difference is shown. */
function headlineText({ runs, metrics }: RunComparison, at: number): string {
  const [headline] = metrics;
  const label = runs[0]?.headline?.label ?? 'result';
  const found = headline?.differences[at];
  const name = letterOf(at + 1);
  if (headline === undefined || found === null || found === undefined || found.difference.value === null)
    return `${label}: A and ${name} cannot be compared`;
  const { value, interval } = found.difference;
  const points = headline.unit === 'share' ? ' points' : '';
  if (interval === null || found.p === null)
    return `${label}: ${name} is ${signed(value, headline.unit)}${points} against A; no interval, so chance is not ruled out`;
  const range = `${100 * interval.confidence} % CI ${signed(interval.low, headline.unit)} to ${signed(interval.high, headline.unit)}`;
  const sure = found.p <= 1 - interval.confidence;
  const said = sure
    ? `${name} is ${value < 0 ? 'lower' : 'higher'} than A`
    : `no difference shown between A and ${name}`;
  return `${label}: ${said}, ${signed(value, headline.unit)}${points} (${range}, p = ${found.p.toPrecision(2)}${found.paired ? ', same items' : ''})`;
}

/** The metrics under their places in the result. */
function metricTable({ metrics }: RunComparison, at: number): string {
  const name = letterOf(at + 1);
  const placed = metrics.map(metric => {
    const names = metric.path.split('.');
    const place = [names.slice(0, -1).join('.'), ...(metric.of === '' ? [] : [`(${metric.of})`])].join(' ');
    return { metric, place, leaf: `${place === '' ? '' : '  '}${names.at(-1)}` };
  });
  const text = formatTable(
    [
      { title: 'metric', maxWidth: 26 },
      { title: 'A', align: 'right' },
      { title: name, align: 'right' },
      { title: `${name} − A` },
    ],
    placed.map(({ metric, leaf }) => [
      leaf,
      valueText(metric.values[0], metric.unit),
      valueText(metric.values[at + 1], metric.unit),
      differenceText(metric, at),
    ]),
  );
  const [head, ...lines] = text.trimEnd().split('\n');
  return [
    `${head}\n`,
    ...placed.flatMap(({ place }, i) => [
      ...(place === '' || place === placed[i - 1]?.place ? [] : [`${wrap(place, WIDTH, '')}\n`]),
      `${lines[i]}\n`,
    ]),
  ].join('');
}

function settingLines({ configuration }: RunComparison): string {
  if (configuration.length === 0) return '\nAll settings are the same.\n';
  const lines = configuration.map(({ path, values }) => {
    const said = values.map((value, run) => `  ${letterOf(run)}  ${wrapped(value ?? 'not set')}\n`).join('');
    return `${printable(path)}\n${said}`;
  });
  return `\nSettings that differ\n${lines.join('')}`;
}

/** A value of any length within the width, its continuation under its beginning. */
const wrapped = (text: string): string => {
  const parts = [...printable(text)];
  const lines: string[] = [];
  for (let at = 0; at < Math.min(parts.length, 750); at += 75) lines.push(parts.slice(at, at + 75).join(''));
  return `${lines.join('\n     ')}${parts.length > 750 ? '…' : ''}`;
};

function dataLines({ digests }: RunComparison): string {
  if (digests.length === 0) return '';
  const rows = digests.map(({ role, values }) => [
    role,
    values.includes(null) ? 'not recorded by all' : new Set(values).size === 1 ? 'the same' : 'different',
  ]);
  return `\n${formatTable([{ title: 'data and models', maxWidth: 40 }, { title: 'digests' }], rows)}`;
}

/** A comparison for a terminal of 80 columns. */
export function describeRunComparison(comparison: RunComparison): string {
  const { runs, metrics, equalMetrics, cautions } = comparison;
  const legend = runs.map(({ id, headline }, run) => {
    const result =
      headline === null
        ? ''
        : `\n   ${wrap(`${headline.label} ${formatMetric(headline.metric, headline.unit)}`, 77, '')}`;
    return `${letterOf(run)}  ${printable(id)}${result}\n`;
  });
  const later = runs.slice(1);
  const tests = metrics.flatMap(({ differences }) => differences.filter(one => one !== null && one.p !== null)).length;
  const note = [
    'Shares are in per cent, their differences in points; in brackets the 95 % CI of one difference by itself.',
    tests === 0
      ? ''
      : `* real at a false discovery rate of ${100 * FALSE_DISCOVERY_RATE} % over ${tests} tested ${tests === 1 ? 'difference' : 'differences'}.`,
    equalMetrics === 0 ? '' : `${equalMetrics} metrics are equal in all runs.`,
  ].filter(line => line !== '');
  return [
    legend.join(''),
    '\n',
    ...later.map((_, at) => `${wrap(headlineText(comparison, at), WIDTH, '')}\n`),
    ...cautions.map(line => `${wrap(`look: ${line}`, WIDTH, '')}\n`),
    ...later.map((_, at) => `\n${metricTable(comparison, at)}`),
    `\n${note.map(line => `${wrap(line, WIDTH, '')}\n`).join('')}`,
    settingLines(comparison),
    dataLines(comparison),
    comparison.text === null ? '' : `\n${comparison.text}`,
  ].join('');
}
