import type { Finding, Metric } from '../../../ground/contracts/index.ts';

/** The headline of a report that says how many items are copies: their share, at the level of the finding on them. */
export const copiesHeadline = ({
  replication,
  verdict,
}: {
  readonly replication: { readonly copied: Metric };
  readonly verdict: readonly Finding[];
}) => ({
  label: 'copies',
  metric: replication.copied,
  unit: 'share' as const,
  level: verdict.find(({ subject }) => subject === 'copies')?.level ?? ('unknown' as const),
});
