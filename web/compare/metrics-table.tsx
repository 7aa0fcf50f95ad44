import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import type { ComparedMetric, MetricDifference } from '../../src/ground/contracts/comparison.ts';
import { DataTable } from '../components/data-table.tsx';
import { CheckField, SearchField } from '../components/fields.tsx';
import { MetricValue, WrittenValue } from '../components/metric-value.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatPEquals } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { differenceText, intervalText, isReal, letterOf, selectMetrics } from './compare-view.ts';

export interface MetricsTableProps {
  readonly metrics: readonly ComparedMetric[];
  /** How many. */
  readonly runs: number;
}

const SHOWN = 40;

/** Every metric that differs, with its value in each run and how later runs differ from the first. */
export function MetricsTable({ metrics, runs }: MetricsTableProps): ReactNode {
  const [text, setText] = useState('');
  const [onlyReal, setOnlyReal] = useState(false);
  const asked = useDeferredValue(text);
  const shown = useMemo(() => selectMetrics(metrics, { text: asked, onlyReal }), [metrics, asked, onlyReal]);
  const all = Array.from({ length: runs }, (_, run) => run);
  return (
    <>
      <search className="toolbar" aria-label="Filter the metrics">
        <SearchField label="Metric" placeholder="Part of its name" value={text} onChange={setText} />
        <CheckField label="Only real differences" checked={onlyReal} onChange={setOnlyReal} />
        <div className="toolbar-end">
          <output className="note" aria-live="polite">
            {shown.length} of {metrics.length}
          </output>
        </div>
      </search>
      {shown.length === 0 ? (
        <p className="note">No metric fits these filters.</p>
      ) : (
        <ShowMore items={shown} step={SHOWN} noun="metrics">
          {rows => (
            <DataTable
              caption="Metrics of the runs"
              captionHidden
              rows={rows}
              keyOf={({ path, of }) => `${path} ${of}`}
              columns={[
                { id: 'metric', header: 'Metric', cell: metric => <MetricName metric={metric} /> },
                ...all.map(run => ({
                  id: `run-${run}`,
                  header: letterOf(run),
                  numeric: true,
                  cell: ({ values, unit }: ComparedMetric) => {
                    const value = values[run] ?? null;
                    return value === null ? '–' : <MetricValue metric={value} kind={unit} />;
                  },
                })),
                ...all.slice(1).map(run => ({
                  id: `difference-${run}`,
                  header: `${letterOf(run)} − A`,
                  numeric: true,
                  cell: (metric: ComparedMetric) => (
                    <Difference difference={metric.differences[run - 1] ?? null} unit={metric.unit} />
                  ),
                })),
              ]}
            />
          )}
        </ShowMore>
      )}
    </>
  );
}

/** The end of the path, which tells metrics apart, above the rest of it. */
function MetricName({ metric: { path, of } }: { readonly metric: ComparedMetric }): ReactNode {
  const names = path.split('.');
  const above = names.slice(0, -1).join('.');
  return (
    <>
      {visibleText(names.at(-1) ?? path)}
      <code className="row-note metric-path">
        {visibleText(above)}
        {of !== '' && ` (${visibleText(of)})`}
      </code>
    </>
  );
}

function Difference({
  difference,
  unit,
}: {
  readonly difference: MetricDifference | null;
  readonly unit: ComparedMetric['unit'];
}): ReactNode {
  if (difference === null || difference.difference.value === null) return '–';
  const { value, interval } = difference.difference;
  return (
    <>
      <WrittenValue
        value={differenceText(value, unit)}
        detail={interval === null ? 'no interval' : intervalText(interval, unit)}
      />
      {difference.p !== null && (
        <span className="metric-detail" title={`Test: ${difference.test}`}>
          {formatPEquals(difference.p)}
          {difference.paired && ', same items'}
        </span>
      )}
      {isReal(difference) && <span className="tag real">real</span>}
    </>
  );
}
