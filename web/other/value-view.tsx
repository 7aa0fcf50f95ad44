import type { ReactNode } from 'react';
import { type Column, DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatNumber } from '../text/format.ts';
import { visibleLines, visibleText } from '../text/visible-text.ts';
import { capitalised, wordsOf } from '../text/words.ts';
import { isLeaf, isRecord, metricOf } from './kinds.ts';

/** Items of a list that are shown at first. */
const SHOWN = 20;
/** Columns of a table, beyond which a list is shown as it is written. */
const MOST_COLUMNS = 8;

/** A value that fits into a line. */
export function LeafView({ value }: { readonly value: unknown }): ReactNode {
  const metric = metricOf(value);
  if (metric !== null) return <MetricValue metric={metric} kind="number" />;
  if (value === null || value === undefined) return '–';
  switch (typeof value) {
    case 'number':
      return formatNumber(value);
    case 'boolean':
      return value ? 'yes' : 'no';
    case 'string':
      return <span className="other-text">{visibleText(value)}</span>;
    default:
      return 'none';
  }
}

export interface FieldsViewProps {
  readonly caption: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Values by name, a row each. */
export function FieldsView({ caption, fields }: FieldsViewProps): ReactNode {
  return (
    <ShowMore items={Object.entries(fields)} step={SHOWN} noun="values">
      {rows => (
        <DataTable
          caption={caption}
          captionHidden
          rows={rows}
          keyOf={([name]) => name}
          columns={[
            { id: 'name', header: 'Name', cell: ([name]) => capitalised(wordsOf(name)) },
            { id: 'value', header: 'Value', cell: ([, value]) => <LeafView value={value} /> },
          ]}
        />
      )}
    </ShowMore>
  );
}

export interface ValueViewProps {
  /** What it is called, for those who do not see where it stands. */
  readonly name: string;
  readonly value: unknown;
  /** Of headings within it; what is deeper than they go is shown as it is written. */
  readonly level: 3 | 4 | 5;
}

/** A value of any shape: what is simple as a table, what is nested under headings of its own. */
export function ValueView({ name, value, level }: ValueViewProps): ReactNode {
  if (isLeaf(value)) return <LeafView value={value} />;
  if (Array.isArray(value)) return <ListView name={name} items={value} />;
  if (!isRecord(value)) return null;
  const entries = Object.entries(value);
  const leaves = Object.fromEntries(entries.filter(([, inner]) => isLeaf(inner)));
  const nested = entries.filter(([, inner]) => !isLeaf(inner));
  return (
    <>
      {Object.keys(leaves).length > 0 && <FieldsView caption={name} fields={leaves} />}
      {nested.map(([key, inner]) => (
        <Nested key={key} name={key} value={inner} level={level} />
      ))}
    </>
  );
}

function Nested({ name, value, level }: ValueViewProps): ReactNode {
  const title = capitalised(wordsOf(name));
  return (
    <div className="other-part">
      {level === 3 && <h3>{title}</h3>}
      {level === 4 && <h4>{title}</h4>}
      {level === 5 ? (
        <>
          <p className="note">{title}</p>
          <Written value={value} />
        </>
      ) : (
        <ValueView name={title} value={value} level={level === 3 ? 4 : 5} />
      )}
    </div>
  );
}

/** A list: of objects as a table, else an item a row. */
function ListView({ name, items }: { readonly name: string; readonly items: readonly unknown[] }): ReactNode {
  const keys = [...new Set(items.slice(0, SHOWN).flatMap(item => (isRecord(item) ? Object.keys(item) : [])))];
  const tabular = keys.length > 0 && keys.length <= MOST_COLUMNS && items.every(isRecord) && !items.some(isLeaf);
  const rows = items.map((item, i) => ({ item, n: i + 1 }));
  const columns: Column<(typeof rows)[number]>[] = [
    { id: 'n', header: 'No.', cell: ({ n }) => String(n) },
    ...(tabular
      ? keys.map(key => ({
          id: key,
          header: capitalised(wordsOf(key)),
          cell: ({ item }: (typeof rows)[number]) => <CellView value={isRecord(item) ? item[key] : null} />,
        }))
      : [{ id: 'value', header: 'Value', cell: ({ item }: (typeof rows)[number]) => <CellView value={item} /> }]),
  ];
  return (
    <ShowMore items={rows} step={SHOWN} noun="rows">
      {shown => <DataTable caption={name} captionHidden rows={shown} keyOf={({ n }) => String(n)} columns={columns} />}
    </ShowMore>
  );
}

function CellView({ value }: { readonly value: unknown }): ReactNode {
  if (isLeaf(value)) return <LeafView value={value} />;
  return <code className="other-text">{visibleText(JSON.stringify(value)).slice(0, MOST_CHARACTERS)}</code>;
}

const MOST_CHARACTERS = 2000;

function Written({ value }: { readonly value: unknown }): ReactNode {
  return <pre className="configuration">{visibleLines(JSON.stringify(value, null, 2))}</pre>;
}
