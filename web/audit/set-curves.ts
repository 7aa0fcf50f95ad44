import type { Replication, SetName } from '../../src/ground/contracts/audit.ts';
import { SET_LABELS } from '../components/set-key.tsx';
import type { CurveSeries, Curves } from '../components/similarity-curves.ts';

export type SetCurve = CurveSeries & { readonly set: SetName };

/** The sets that have a histogram; generated comes last, so that it is drawn on top. */
export function seriesOf({ histogram }: Replication): readonly SetCurve[] {
  const { training, heldout, generated } = histogram;
  const curve = (set: SetName, line: CurveSeries['line'], shares: readonly number[]): SetCurve => ({
    set,
    id: set,
    title: SET_LABELS[set],
    colour: set,
    line,
    shares,
  });
  return [
    curve('training', 'plain', training),
    // Dashed too, so that the lines differ without their colours.
    ...(heldout === null ? [] : [curve('heldout', 'dashed', heldout)]),
    curve('generated', 'main', generated),
  ];
}

/** The curves of all sets over each other, with the threshold as a line. */
export const curvesOf = (replication: Replication): Curves => ({
  edges: replication.histogram.edges,
  series: seriesOf(replication),
  threshold: replication.threshold,
});
