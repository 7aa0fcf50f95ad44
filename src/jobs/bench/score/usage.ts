import type { Answer } from '../../../ground/contracts/bench.ts';
import type { AnswerUsage } from '../../../ground/contracts/bench-score.ts';
import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { meanMetric, quantile } from '../../../ground/math/index.ts';

/** A sum over the answers that say the number; `n` is how many do. */
function total(values: readonly (number | null | undefined)[], reason: string): Metric {
  const known = values.filter(value => value != null);
  if (known.length === 0) return missingMetric(reason);
  return { value: known.reduce((sum, value) => sum + value, 0), n: known.length, interval: null };
}

/** What the answers took: tokens, money, time. Numbers that a server does not say are missing, not zero. */
export function sumUsage(answers: readonly Answer[]): AnswerUsage {
  const latencies = answers.flatMap(({ latencyMs }) => latencyMs ?? []).sort((a, b) => a - b);
  const slow = (share: number): Metric =>
    latencies.length === 0
      ? missingMetric('no reply was timed')
      : { value: quantile(latencies, share), n: latencies.length, interval: null };
  return {
    inputTokens: total(
      answers.map(({ usage }) => usage.inputTokens),
      'the server does not count tokens',
    ),
    outputTokens: total(
      answers.map(({ usage }) => usage.outputTokens),
      'the server does not count tokens',
    ),
    ...(answers.some(({ usage }) => usage.cachedInputTokens !== undefined)
      ? {
          cachedInputTokens: total(
            answers.map(({ usage }) => usage.cachedInputTokens),
            'no server says so',
          ),
        }
      : {}),
    cost: total(
      answers.map(({ cost }) => cost),
      'the price is not known',
    ),
    latencyMs: {
      mean: meanMetric(latencies, { reason: 'no reply was timed' }),
      p50: slow(0.5),
      p90: slow(0.9),
      p99: slow(0.99),
    },
    attempts: meanMetric(
      answers.flatMap(({ attempts }) => attempts ?? []),
      { reason: 'attempts were not counted' },
    ),
  };
}
