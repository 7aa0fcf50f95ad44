import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { type Fact, Facts } from '../components/facts.tsx';
import { countText, MissingValue, WrittenValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatMeasured, formatNumber } from '../text/format.ts';
import type { Entry } from './entries.ts';

const seconds = (milliseconds: number): string => `${formatMeasured(milliseconds / 1000)}\u00a0s`;

/** What the replies took: tokens, money and time. */
export function Cost({ entry }: { readonly entry: Entry }): ReactNode {
  const { usage, counts } = entry.score;
  const { latencyMs } = usage;
  return (
    <Section
      id="cost"
      title="Cost and time"
      lead="As the server counts it. What a server does not say is missing here, not zero."
    >
      <Facts
        look="key-numbers"
        items={[
          written('Tokens sent', usage.inputTokens, formatCount),
          ...(usage.cachedInputTokens === undefined
            ? []
            : [written('Of them from a cache', usage.cachedInputTokens, formatCount)]),
          written('Tokens received', usage.outputTokens, formatCount),
          written('US dollars', usage.cost, dollars => dollars.toFixed(2)),
          written('Time of a reply, median', latencyMs.p50, seconds),
          written('Time of a reply, one in ten is slower', latencyMs.p90, seconds),
          written('Time of a reply, one in a hundred is slower', latencyMs.p99, seconds),
          written('Requests per reply', usage.attempts, formatNumber),
        ]}
      />
      {(counts.cutOff > 0 || counts.drawn > 0) && (
        <p className="sentence">
          {formatCount(counts.cutOff)} replies were cut off at the token limit; {formatCount(counts.drawn)} were random
          choices because the question is beyond the answerer.
        </p>
      )}
    </Section>
  );
}

function written(term: string, { value, n, reason }: Metric, write: (value: number) => string): Fact {
  return {
    term,
    value:
      value === null ? (
        <MissingValue reason={reason} size="large" />
      ) : (
        <WrittenValue value={write(value)} detail={countText(n)} size="large" />
      ),
  };
}
