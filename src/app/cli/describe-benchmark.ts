import type { LintReport } from '../../ground/contracts/index.ts';
import type { BenchmarkStats } from '../../jobs/bench/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { formatTable } from '../../kit/text/table.ts';
import { wrap } from '../../kit/text/wrap.ts';

const right = (title: string) => ({ title, align: 'right' as const });

/** What a benchmark holds, as the published tables have it, and where it differs from them. */
export function describeStats({ summary, datasets, published }: BenchmarkStats): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  const letters = Object.entries(summary.letters).map(([letter, n]) => `${letter} ${count(n)}`);
  const facts = [
    `${count(summary.questions)} questions: ${count(summary.multipleImages)} with several images, ${count(summary.singleImages)} with one, ${count(summary.textOnly)} with none`,
    `${count(summary.uniqueImages)} images in ${count(summary.imageUses)} places; ${count(summary.templates)} different question texts`,
    `longest question ${summary.longestQuestion} characters, longest option ${summary.longestOption}; right letters ${letters.join(', ')}`,
  ];
  const rows = datasets.map(row => [
    row.dataset,
    row.task,
    String(row.questions),
    String(row.multipleImages),
    String(row.singleImages),
    String(row.textOnly),
  ]);
  const columns = [
    { title: 'data set', maxWidth: 18 },
    { title: 'task', maxWidth: 29 },
    right('n'),
    right('several'),
    right('one'),
    right('none'),
  ];
  const other = published.filter(({ equal }) => !equal);
  const compared =
    published.length === 0
      ? '\nNot compared with the published numbers: these are other questions.\n'
      : other.length === 0
        ? `\nAll ${published.length} published numbers are met.\n`
        : `\n${other.length} of ${published.length} published numbers are not met:\n${formatTable(
            [{ title: 'number', maxWidth: 50 }, right('published'), right('here')],
            other.map(({ field, published: wanted, found }) => [field, String(wanted), String(found)]),
          )}`;
  return `${facts.map(fact => `${wrap(fact, 80, '')}\n`).join('')}\n${formatTable(columns, rows)}${compared}`;
}

/** Findings that are written out for each rule; `--json` has all. */
const FINDINGS_SHOWN = 5;

/** What the linter found, by rule, and how many questions it flags. */
export function describeLint({ questions, pictures, findings, rules }: LintReport, flagged: number): string {
  const parts = rules
    .filter(rule => rule.findings > 0)
    .map(({ rule, severity, findings: n, explanation }) => {
      const shown = findings
        .filter(finding => finding.rule === rule)
        .slice(0, FINDINGS_SHOWN)
        .map(({ question, detail }) => `${wrap(`${question}: ${detail}`, 80, '    ')}\n`);
      const more = n > FINDINGS_SHOWN ? `    … and ${n - FINDINGS_SHOWN} more (--json lists them)\n` : '';
      return `${severity}: ${rule} (${n})\n${wrap(explanation, 80, '  ')}\n${shown.join('')}${more}\n`;
    });
  const head = `${questions} questions, ${pictures} images: ${findings.length} findings, ${flagged} questions flagged`;
  return `${parts.join('')}${printable(head)}\n`;
}
