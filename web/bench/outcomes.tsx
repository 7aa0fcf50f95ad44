import type { ReactNode } from 'react';
import type { BenchScore, Outcomes } from '../../src/ground/contracts/bench-score.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { formatCount, formatShare, plural } from '../text/format.ts';
import type { Entry } from './entries.ts';
import { OUTCOMES, OutcomeMark } from './outcome.tsx';

export const PARSER_TITLES = { strict: 'Strict reading', official: 'The benchmark’s own' } as const;

/** What became of the replies by each parser, as bars, and the accuracies that follow. */
export function OutcomesFigure({ entry }: { readonly entry: Entry }): ReactNode {
  const { scores } = entry;
  return (
    <figure className="figure">
      <p className="key" aria-hidden="true">
        {OUTCOMES.map(({ id }) => (
          <OutcomeMark key={id} outcome={id} />
        ))}
      </p>
      <Facts
        look="outcome-bars"
        items={scores.map(({ parser, outcomes }) => ({
          term: PARSER_TITLES[parser],
          value: <OutcomeBar outcomes={outcomes} />,
        }))}
      />
      <figcaption>
        {plural(entry.score.counts.answers, 'reply', 'replies')}, read by two rules. The strict one takes the last
        explicit choice and nothing else; the benchmark’s own takes the first letter or option text that it finds.
      </figcaption>
      <ParserTable scores={scores} />
    </figure>
  );
}

const totalOf = (outcomes: Outcomes): number => OUTCOMES.reduce((sum, { id }) => sum + outcomes[id], 0);

/** One bar from none to all replies; its parts say their share where they have room. */
function OutcomeBar({ outcomes }: { readonly outcomes: Outcomes }): ReactNode {
  const total = totalOf(outcomes);
  const words = OUTCOMES.map(({ id, title }) => `${title.toLowerCase()} ${formatCount(outcomes[id])}`).join(', ');
  return (
    <div className="outcome-bar" role="img" aria-label={`Of ${formatCount(total)} replies: ${words}`}>
      {OUTCOMES.map(({ id, title }) => {
        const share = total === 0 ? 0 : outcomes[id] / total;
        if (share === 0) return null;
        return (
          <span
            key={id}
            className={`part part-${id}`}
            style={{ flexGrow: share }}
            title={`${title}: ${formatCount(outcomes[id])} (${formatShare(share)})`}
          >
            {share >= 0.12 && <span aria-hidden="true">{formatShare(share)}</span>}
          </span>
        );
      })}
    </div>
  );
}

const share = (id: string, header: string, metricOf: (score: BenchScore) => Metric | undefined): Column<BenchScore> =>
  metricColumn({ id, header, kind: 'share', metricOf });

function ParserTable({ scores }: { readonly scores: readonly BenchScore[] }): ReactNode {
  const flagged = scores.some(score => score.withoutFlagged !== null);
  return (
    <DataTable
      caption="Accuracy by each parser, and counts of replies"
      captionHidden
      rows={scores}
      keyOf={score => score.parser}
      columns={[
        { id: 'parser', header: 'Read by', cell: score => PARSER_TITLES[score.parser] },
        share('overall', 'Accuracy, as released', ({ overall }) => overall),
        ...(flagged ? [share('unflagged', 'Without defects', ({ withoutFlagged }) => withoutFlagged?.overall)] : []),
        share('committed', 'Of replies that commit', ({ committed }) => committed),
        ...OUTCOMES.map(({ id, title, meaning }) => ({
          id,
          header: <span title={meaning}>{title}</span>,
          numeric: true,
          cell: (score: BenchScore) => formatCount(score.outcomes[id]),
        })),
      ]}
    />
  );
}
