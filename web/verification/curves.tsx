import { type ReactNode, useMemo } from 'react';
import type { VerificationReport } from '../../src/ground/contracts/verification.ts';
import { RatesFigure } from '../components/rates-figure.tsx';
import { ScoresFigure } from '../components/scores-figure.tsx';
import { formatShare } from '../text/format.ts';

/** Error rates over all thresholds, and where the scores lie. */
export function Curves({ report }: { readonly report: VerificationReport }): ReactNode {
  const { curve, histogram, scores, eer, working } = report;
  const series = useMemo(
    () => [{ id: 'rates', title: 'this embedder', colour: 'generated' as const, points: curve }],
    [curve],
  );
  const bins = useMemo(
    () => ({
      edges: histogram.edges,
      series: [
        { id: 'impostor', title: 'different people', colour: 'training' as const, counts: histogram.impostor },
        { id: 'genuine', title: 'the same person', colour: 'generated' as const, counts: histogram.genuine },
      ],
      xLabel: scores === 'distance' ? 'Distance' : 'Similarity',
      threshold: working.threshold,
    }),
    [histogram, scores, working],
  );
  return (
    <>
      <RatesFigure
        name="rate-view"
        series={series}
        label={`Curve of error rates; both are equal at ${eer.value === null ? 'no threshold' : formatShare(eer.value)}`}
      />
      <ScoresFigure
        title="Scores"
        bins={bins}
        caption="Shares of the comparisons of one person with itself and of different people. Where they overlap, every threshold errs."
      />
    </>
  );
}
