import type { ReactNode } from 'react';
import type { BenchScore, Outcomes } from '../../src/ground/contracts/bench-score.ts';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
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
      <dl className="outcome-bars">
        {scores.map(score => (
          <div key={score.parser}>
            <dt>{PARSER_TITLES[score.parser]}</dt>
            <dd>
              <OutcomeBar outcomes={score.outcomes} />
            </dd>
          </div>
        ))}
      </dl>
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
        {
          id: 'overall',
          header: 'Accuracy, as released',
          numeric: true,
          cell: score => <MetricValue metric={score.overall} kind="share" />,
        },
        ...(flagged
          ? [
              {
                id: 'unflagged',
                header: 'Without defects',
                numeric: true,
                cell: (score: BenchScore) =>
                  score.withoutFlagged === null ? (
                    '–'
                  ) : (
                    <MetricValue metric={score.withoutFlagged.overall} kind="share" />
                  ),
              },
            ]
          : []),
        {
          id: 'committed',
          header: 'Of replies that commit',
          numeric: true,
          cell: score => <MetricValue metric={score.committed} kind="share" />,
        },
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
