import type { FederationReport } from '../../../ground/contracts/index.ts';
import { formatShare } from '../../../kit/text/wrap.ts';
import { describeRounds } from '../describe-rounds.ts';

type Aggregation = NonNullable<FederationReport['aggregation']>;

function describePrivacy({ privacy, epsilon, rounds }: FederationReport): string {
  if (privacy === null) return 'No noise was added: a sum tells something of its clients.';
  const spent = epsilon === null ? 'no finite ε' : `ε = ${epsilon.toPrecision(4)} at δ = ${privacy.delta}`;
  const next = (rounds.at(-1)?.round ?? 0) + 1;
  const end = privacy.spent ? ` The budget of ${privacy.budget} ended it before round ${next}.` : '';
  return `Privacy of a client: ${spent}.${end}`;
}

const describeSums = ({ neighbours, threshold, corrupt, mayDrop, smallestSum }: Aggregation): string =>
  `The coordinator saw sums alone: each client with ${neighbours} neighbours, of which ${threshold} open a secret. With up to ${corrupt} clients on its side and ${mayDrop} lost, every sum that can be opened covers ${smallestSum} honest clients or more, but with probability 2^-40.`;

const describeRule = ({ rule }: FederationReport): string =>
  `The coordinator read every update, and combined them by ${rule?.name}, which stands up to ${rule?.poisoned} poisoned of each round.`;

/** The result of a federation for a terminal of 80 columns. */
export function describeFederation(report: FederationReport): string {
  const { model, rounds, members, accuracy, aggregation } = report;
  const right = accuracy.value === null ? '' : ` ${formatShare(accuracy)} of the test images are right.`;
  const part = members.filter(({ summed }) => summed > 0).length;
  const lines = [
    `${model.name} of ${model.parameters} parameters, ${rounds.length} rounds with ${part} of ${members.length} clients.${right}`,
    aggregation === null ? describeRule(report) : describeSums(aggregation),
    ...(aggregation === null ? [] : [describePrivacy(report)]),
  ];
  return describeRounds(lines, { rounds, lostOf: ({ lost }) => lost.length, isPrivate: report.privacy !== null });
}
