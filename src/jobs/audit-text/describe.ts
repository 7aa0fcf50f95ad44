import type { AuditTextReport, Continuations } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatMetric, formatShare } from '../../kit/text/wrap.ts';

const SHOWN = 8;

/** The result of an audit of texts for a terminal of 80 columns: verdict, measures, the longest runs. */
export function describeAuditText(report: AuditTextReport): string {
  return report.continuations === null ? describeCorpora(report) : describeModel(report, report.continuations);
}

/** Verdict, and a line for each length of prefix. */
function describeModel(report: AuditTextReport, { byPrefix }: Continuations): string {
  const table = formatTable(
    [
      { title: 'words given', align: 'right' },
      { title: 'longest run, mean' },
      { title: `documents with ${report.settings.shortest}+` },
      { title: 'controls with' },
    ],
    byPrefix.map(({ words, documents, controls }) => [
      String(words),
      formatMetric(documents.longest, 'number'),
      formatShare(documents.verbatim),
      controls === null ? 'none' : formatShare(controls.verbatim),
    ]),
  );
  return `${describeVerdict(report.verdict)}\n${table}`;
}

function describeCorpora(report: AuditTextReport): string {
  const { replication, runs, moreRuns, settings } = report;
  const { exact } = replication;
  const sets = [
    ['generated', replication.generated] as const,
    ['held-out', replication.heldout] as const,
    ['generated, exact', exact?.generated ?? null] as const,
    ['held-out, exact', exact?.heldout ?? null] as const,
  ];
  const measures = formatTable(
    [
      { title: 'texts' },
      { title: `in runs of ${settings.shortest}+` },
      { title: `${settings.ngram}-word n-grams` },
      { title: 'with a run' },
    ],
    sets.flatMap(([name, set]) =>
      set === null ? [] : [[name, formatShare(set.covered), formatShare(set.overlap), formatShare(set.withRun)]],
    ),
  );
  if (runs.length === 0) return `${describeVerdict(report.verdict)}\n${measures}`;
  const inTokens = runs.some(({ tokens }) => tokens !== null);
  const table = formatTable(
    [
      { title: 'characters', align: 'right' },
      { title: 'words', align: 'right' },
      ...(inTokens ? [{ title: 'tokens', align: 'right' as const }] : []),
      { title: 'times', align: 'right' },
      { title: 'generated', maxWidth: 22 },
      { title: 'training', maxWidth: 28 },
    ],
    runs
      .slice(0, SHOWN)
      .map(({ characters, words, tokens, weight, generated, training }) => [
        String(characters),
        String(words),
        ...(inTokens ? [String(tokens)] : []),
        String(weight),
        `${generated.file}:${generated.line}`,
        `${training.document}:${training.line}`,
      ]),
  );
  const more = runs.length + moreRuns - SHOWN;
  return `${describeVerdict(report.verdict)}\n${measures}\n${table}${more > 0 ? `and ${more} more runs\n` : ''}`;
}
