import { printable } from './printable.ts';

/** A column of a text table: numbers go to the right. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Widest it may be; longer text keeps its end, which tells file names apart. */
  readonly maxWidth?: number;
}

function fit(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `…${characters.slice(characters.length - width + 1).join('')}`;
}

/** Lays rows out in columns under a header, for a terminal. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map(row =>
    row.map((cell, c) => fit(printable(cell), columns[c]?.maxWidth ?? Number.MAX_SAFE_INTEGER)),
  );
  const widths = columns.map(({ title }, c) => Math.max(title.length, ...cells.map(row => [...(row[c] ?? '')].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => {
        const gap = ' '.repeat(Math.max(0, (widths[c] ?? 0) - [...cell].length));
        return columns[c]?.align === 'right' ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return `${[line(columns.map(({ title }) => title)), ...cells.map(line)].join('\n')}\n`;
}
