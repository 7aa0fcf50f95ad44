import type { ReactNode } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatMeasured, formatNumber } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import type { Entry } from './entries.ts';

/** What the replies took: tokens, money and time. */
export function Cost({ entry }: { readonly entry: Entry }): ReactNode {
  const { usage, counts } = entry.score;
  const { latencyMs } = usage;
  const seconds = (milliseconds: number): string => `${formatMeasured(milliseconds / 1000)}\u00a0s`;
  return (
    <Section
      id="cost"
      title="Cost and time"
      lead="As the server counts it. What a server does not say is missing here, not zero."
    >
      <dl className="key-numbers">
        <Item title="Tokens sent" metric={usage.inputTokens} write={formatCount} />
        <Item title="Tokens received" metric={usage.outputTokens} write={formatCount} />
        <Item title="US dollars" metric={usage.cost} write={dollars => dollars.toFixed(2)} />
        <Item title="Time of a reply, median" metric={latencyMs.p50} write={seconds} />
        <Item title="Time of a reply, one in ten is slower" metric={latencyMs.p90} write={seconds} />
        <Item title="Time of a reply, one in a hundred is slower" metric={latencyMs.p99} write={seconds} />
        <Item title="Requests per reply" metric={usage.attempts} write={formatNumber} />
      </dl>
      {(counts.cutOff > 0 || counts.drawn > 0) && (
        <p className="sentence">
          {formatCount(counts.cutOff)} replies were cut off at the token limit; {formatCount(counts.drawn)} were drawn
          at chance, because the question is beyond the answerer.
        </p>
      )}
    </Section>
  );
}

function Item(props: {
  readonly title: string;
  readonly metric: Metric;
  readonly write: (value: number) => string;
}): ReactNode {
  const { title, metric, write } = props;
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        {metric.value === null ? (
          <MetricValue metric={{ ...metric, reason: visibleText(metric.reason ?? '') }} kind="number" size="large" />
        ) : (
          <span className="metric large">
            <span className="metric-value">{write(metric.value)}</span>
            <span className="metric-detail">n&nbsp;=&nbsp;{formatCount(metric.n)}</span>
          </span>
        )}
      </dd>
    </div>
  );
}
