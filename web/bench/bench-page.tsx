import { type ReactNode, useEffect } from 'react';
import { CATEGORIES, nameOfCode } from '../../src/contracts/bench-codes.ts';
import type { BenchReport } from '../../src/contracts/bench-report.ts';
import type { BenchScore } from '../../src/contracts/bench-score.ts';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export const BENCH_SECTIONS: readonly PageSection[] = [{ id: 'scores', title: 'Scores' }];

const nameOf = ({ model, setting, parser }: BenchScore): string =>
  `${visibleText(model)}, ${setting ?? 'no answers'}, ${parser} parser`;

/** The scores of a benchmark, each model, setting and parser with its categories. */
export function BenchPage({ report }: { readonly report: BenchReport }): ReactNode {
  const { benchmark, scores } = report;
  useEffect(() => {
    document.title = 'Benchmark · biolens';
  }, []);
  const codes = new Set(scores.flatMap(score => Object.keys(score.byCategory)));
  const known = CATEGORIES.map(({ code }) => code).filter(code => codes.has(code));
  const categories: string[] = [...new Set([...known, ...codes])];
  return (
    <>
      <h1>Benchmark of face understanding</h1>
      <p className="lead">
        {formatCount(benchmark.questions)} questions of {visibleText(benchmark.source)}
      </p>
      <Section id="scores" title="Scores" lead="Share of the questions answered right.">
        {scores.map(score => (
          <DataTable
            key={nameOf(score)}
            caption={nameOf(score)}
            rows={[
              { name: 'All questions', metric: score.overall },
              ...categories.flatMap(code => {
                const metric = score.byCategory[code];
                return metric === undefined ? [] : [{ name: nameOfCode(code), metric }];
              }),
            ]}
            keyOf={row => row.name}
            columns={[
              { id: 'name', header: 'Questions', cell: row => visibleText(row.name) },
              {
                id: 'right',
                header: 'Right',
                numeric: true,
                cell: row => <MetricValue metric={row.metric} kind="share" />,
              },
            ]}
          />
        ))}
      </Section>
    </>
  );
}
