import { z } from 'zod';
import { type MitigationRound, mitigationRoundSchema } from '../../ground/contracts/index.ts';
import type { SampleAudit } from './audit-samples.ts';
import type { JudgedGoal } from './goals.ts';
import type { RoundRecord } from './loop/loop.ts';
import type { Scores } from './score-samples.ts';

const { shares, replication, quality, goals, sheet } = mitigationRoundSchema.shape;

/** What a round keeps of its audit. */
export const roundMeasurementSchema = z.object({
  shares,
  replication,
  quality,
  goals,
  sheet,
  bias: mitigationRoundSchema.shape.reward.shape.bias,
  aim: mitigationRoundSchema.shape.reward.shape.aim,
});
export type RoundMeasurement = z.infer<typeof roundMeasurementSchema>;

type ByClass = Readonly<Record<string, Readonly<Record<string, number>>>>;

const copyOf = (of: ByClass) => Object.fromEntries(Object.entries(of).map(([name, values]) => [name, { ...values }]));

/** Takes what a round keeps out of the audit of its samples. */
export function measureRound(
  audit: SampleAudit,
  parts: { readonly goals: readonly JudgedGoal[]; readonly scores: Scores; readonly sheet: string },
): RoundMeasurement {
  const { replication, quality, bias } = audit;
  return {
    shares: Object.fromEntries(
      Object.entries(bias.attributes).map(([name, { generated, corrected }]) => [
        name,
        { reported: generated, corrected: corrected?.generated ?? null },
      ]),
    ),
    replication: {
      copied: replication.copied,
      aboveThreshold: replication.aboveThreshold.generated,
      top1: replication.top1.generated,
      permutationP: replication.permutation.p,
    },
    quality: { fid: quality.fid, kid: quality.kid },
    goals: parts.goals.map(({ state }) => state),
    sheet: parts.sheet,
    bias: copyOf(parts.scores.bias),
    aim: copyOf(parts.scores.aim),
  };
}

/** A round as the report tells it. */
export function toReportRound(round: RoundRecord<RoundMeasurement>): MitigationRound {
  const { bias, aim, ...measurement } = round.measurement;
  return {
    index: round.index,
    samples: round.samples,
    ...measurement,
    reward: { mean: round.meanReward, zero: round.zeroReward, bias, aim },
    tuning: round.tuning && { steps: round.tuning.steps, loss: { ...round.tuning.loss } },
    seconds: { ...round.seconds },
  };
}
