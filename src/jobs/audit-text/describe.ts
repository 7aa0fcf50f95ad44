import type { AuditTextReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare } from '../../kit/text/wrap.ts';

const SHOWN = 8;

/** The result of an audit of texts for a terminal of 80 columns: verdict, measures, the longest runs. */
export function describeAuditText(report: AuditTextReport): string {
  const { replication, runs, moreRuns, settings } = report;
  const sets = [['generated', replication.generated] as const, ['held-out', replication.heldout] as const];
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
  const table = formatTable(
    [
      { title: 'characters', align: 'right' },
      { title: 'words', align: 'right' },
      { title: 'times', align: 'right' },
      { title: 'generated', maxWidth: 22 },
      { title: 'training', maxWidth: 28 },
    ],
    runs
      .slice(0, SHOWN)
      .map(({ characters, words, weight, generated, training }) => [
        String(characters),
        String(words),
        String(weight),
        `${generated.file}:${generated.line}`,
        `${training.document}:${training.line}`,
      ]),
  );
  const more = runs.length + moreRuns - SHOWN;
  return `${describeVerdict(report.verdict)}\n${measures}\n${table}${more > 0 ? `and ${more} more runs\n` : ''}`;
}
