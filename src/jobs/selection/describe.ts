import type { Metric, SelectionReport } from '../../ground/contracts/index.ts';
import { describeSides } from '../../kit/text/sides.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare } from '../../kit/text/wrap.ts';

function formatValue({ value }: Metric): string {
  return value === null ? 'not known' : value.toPrecision(3);
}

/** The result of a selection for a terminal of 80 columns: verdict, then before and after. */
export function describeSelection({ verdict, before, after, selection }: SelectionReport): string {
  const sides = [{ title: 'before', side: before }, ...(after === null ? [] : [{ title: 'kept', side: after }])];
  const table = describeSides(sides, {
    first: { samples: ({ n }) => String(n) },
    last: { FID: ({ quality }) => formatValue(quality.fid) },
  });
  return `${describeVerdict(verdict)}\n${table}\nKept ${selection.kept} of ${selection.looked} candidates: ${formatShare(selection.accepted)}.\n`;
}
