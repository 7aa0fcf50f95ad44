import type { Metric, SelectionReport, SelectionSide } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare } from '../../kit/text/wrap.ts';

function formatValue({ value }: Metric): string {
  return value === null ? 'not known' : value.toPrecision(3);
}

/** The result of a selection for a terminal of 80 columns: verdict, then before and after. */
export function describeSelection({ verdict, before, after, selection }: SelectionReport): string {
  const sides = after === null ? [before] : [before, after];
  const line = (name: string, cell: (side: SelectionSide) => string): string[] => [name, ...sides.map(cell)];
  const rows = [
    line('samples', ({ n }) => String(n)),
    line('copies', ({ replication }) => formatShare(replication.copied)),
    line('relabelling p', ({ replication }) => replication.permutation.p?.toPrecision(2) ?? 'none'),
    ...Object.entries(before.bias.attributes).flatMap(([attribute, { classes }]) =>
      classes.map(name =>
        line(`${attribute} ${name}`, ({ bias }) => {
          const found = bias.attributes[attribute];
          return formatShare((found?.corrected?.generated ?? found?.generated)?.[name]);
        }),
      ),
    ),
    line('FID', ({ quality }) => formatValue(quality.fid)),
  ];
  const titles = ['before', 'kept'].slice(0, sides.length).map(title => ({ title }));
  return `${describeVerdict(verdict)}\n${formatTable([{ title: '', maxWidth: 24 }, ...titles], rows)}\nKept ${selection.kept} of ${selection.looked} candidates: ${formatShare(selection.accepted)}.\n`;
}
