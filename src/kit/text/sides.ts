import type { SelectionSide } from '../../ground/contracts/index.ts';
import { formatTable } from './table.ts';
import { formatShare } from './wrap.ts';

type Side = Pick<SelectionSide, 'replication' | 'bias'>;

/**
 * A table of what audits found of several sets of samples: copies, shares of classes, and whatever else is asked for.
 *
 * @param sides one at least, each with its title
 * @param first rows above copies, and `last` rows below the classes: a name, and the cell of a side
 */
export function describeSides<S extends Side>(
  sides: readonly { readonly title: string; readonly side: S }[],
  {
    first = {},
    last,
  }: {
    readonly first?: Readonly<Record<string, (side: S) => string>>;
    readonly last: Readonly<Record<string, (side: S) => string>>;
  },
): string {
  const line = (name: string, cell: (side: S) => string): string[] => [name, ...sides.map(({ side }) => cell(side))];
  const lines = (rows: Readonly<Record<string, (side: S) => string>>): string[][] =>
    Object.entries(rows).map(([name, cell]) => line(name, cell));
  const classes = Object.entries(sides[0]?.side.bias.attributes ?? {}).flatMap(([attribute, found]) =>
    found.classes.map(name =>
      line(`${attribute} ${name}`, ({ bias }) => {
        const own = bias.attributes[attribute];
        return formatShare((own?.corrected?.generated ?? own?.generated)?.[name]);
      }),
    ),
  );
  return formatTable(
    [{ title: '', maxWidth: 24 }, ...sides.map(({ title }) => ({ title }))],
    [
      ...lines(first),
      line('copies', ({ replication }) => formatShare(replication.copied)),
      line('relabelling p', ({ replication }) => replication.permutation.p?.toPrecision(2) ?? 'none'),
      ...classes,
      ...lines(last),
    ],
  );
}
