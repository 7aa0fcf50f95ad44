import { CATEGORIES } from '../../../ground/contracts/bench-codes.ts';
import { type LeaderboardRow, leaderboardRowSchema } from '../../../ground/contracts/bench-compare.ts';
import type { Metric } from '../../../ground/contracts/metric.ts';
import { formatCsvRow } from '../../../kit/images/index.ts';

export const LEADERBOARD_FORMATS = ['csv', 'json', 'markdown', 'latex'] as const;
export type LeaderboardFormat = (typeof LEADERBOARD_FORMATS)[number];

/** A leaderboard as a text file, with a line break at its end. Percentages have two decimals; CSV and JSON have all digits. */
export function formatLeaderboard(rows: readonly LeaderboardRow[], format: LeaderboardFormat): string {
  switch (format) {
    case 'csv':
      return formatCsv(rows);
    case 'json':
      return `${JSON.stringify(leaderboardRowSchema.array().parse(rows), null, 2)}\n`;
    case 'markdown':
      return formatMarkdown(rows);
    case 'latex':
      return formatLatex(rows);
    default:
      return format satisfies never;
  }
}

/** Categories that any row has: those of FaceXBench in the order of its tables, then others. */
function categoriesOf(rows: readonly LeaderboardRow[]): { readonly code: string; readonly name: string }[] {
  const present = new Set(rows.flatMap(row => Object.keys(row.byCategory)));
  const known = CATEGORIES.filter(({ code }) => present.has(code));
  const others = [...present].filter(code => !known.some(category => category.code === code)).sort();
  return [...known, ...others.map(code => ({ code, name: code }))];
}

function formatCsv(rows: readonly LeaderboardRow[]): string {
  const categories = categoriesOf(rows);
  const header = [
    'name',
    'model',
    'setting',
    'parser',
    'published',
    'group',
    'size',
    'n',
    'overall',
    'low',
    'high',
    'withoutFlagged',
  ];
  const lines = rows.map(row => [
    row.name,
    row.model,
    row.setting ?? '',
    row.parser ?? '',
    String(row.published),
    row.group ?? '',
    row.size,
    row.overall.n,
    row.overall.value,
    row.overall.interval?.low ?? null,
    row.overall.interval?.high ?? null,
    row.withoutFlagged?.value ?? null,
    ...categories.map(({ code }) => row.byCategory[code]?.value ?? null),
  ]);
  return [[...header, ...categories.map(({ code }) => code)], ...lines].map(formatCsvRow).join('');
}

const percent = (value: number | null | undefined): string => (value == null ? '–' : (value * 100).toFixed(2));

function withInterval({ value, interval }: Metric): string {
  if (value === null || interval === null) return percent(value);
  return `${percent(value)} (${percent(interval.low)} to ${percent(interval.high)})`;
}

interface TableCells {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The columns that people read; the interval has its own, and flagged questions one where any row has them. */
function cellsOf(rows: readonly LeaderboardRow[]): TableCells {
  const categories = categoriesOf(rows);
  const flagged = rows.some(row => row.withoutFlagged !== null);
  return {
    header: ['Model', 'n', 'Overall', ...(flagged ? ['Without flagged'] : []), ...categories.map(({ name }) => name)],
    rows: rows.map(row => [
      row.published ? `${row.name} (published)` : row.name,
      String(row.overall.n),
      withInterval(row.overall),
      ...(flagged ? [percent(row.withoutFlagged?.value)] : []),
      ...categories.map(({ code }) => percent(row.byCategory[code]?.value)),
    ]),
  };
}

/** Text that means nothing to Markdown or the HTML in it: names come from strangers. */
const escapeMarkdown = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\|`*_[\]]/g, '\\$&');

function formatMarkdown(rows: readonly LeaderboardRow[]): string {
  const { header, rows: cells } = cellsOf(rows);
  const line = (row: readonly string[]): string => `| ${row.map(escapeMarkdown).join(' | ')} |\n`;
  const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(header), `| ${rule.join(' | ')} |\n`, ...cells.map(line)].join('');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '–': '--',
};

const escapeLatex = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\~^<>|–]|[&%$#_{}]/g, character => LATEX[character] ?? `\\${character}`);

/** For the `booktabs` package. */
function formatLatex(rows: readonly LeaderboardRow[]): string {
  const { header, rows: cells } = cellsOf(rows);
  const line = (row: readonly string[]): string => `${row.map(escapeLatex).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{l${'r'.repeat(header.length - 1)}}`,
    '\\toprule',
    line(header),
    '\\midrule',
    ...cells.map(line),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}
