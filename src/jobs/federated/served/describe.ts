import type { FederationReport } from '../../../ground/contracts/index.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { formatShare, wrap } from '../../../kit/text/wrap.ts';

/** Rounds that the table shows. */
const MOST_ROWS = 10;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;

function describePrivacy({ privacy, epsilon, rounds }: FederationReport): string {
  if (privacy === null) return 'No noise was added: a sum tells something of its clients.';
  const spent = epsilon === null ? 'no finite ε' : `ε = ${epsilon.toPrecision(4)} at δ = ${privacy.delta}`;
  const next = (rounds.at(-1)?.round ?? 0) + 1;
  const end = privacy.spent ? ` The budget of ${privacy.budget} ended it before round ${next}.` : '';
  return `Privacy of a client: ${spent}.${end}`;
}

/** The result of a federation for a terminal of 80 columns. */
export function describeFederation(report: FederationReport): string {
  const { model, rounds, members, accuracy, aggregation } = report;
  const { neighbours, threshold, corrupt, mayDrop, smallestSum } = aggregation;
  const right = accuracy.value === null ? '' : ` ${formatShare(accuracy)} of the test images are right.`;
  const part = members.filter(({ summed }) => summed > 0).length;
  const lines = [
    `${model.name} of ${model.parameters} parameters, ${rounds.length} rounds with ${part} of ${members.length} clients.${right}`,
    `The coordinator saw sums alone: each client with ${neighbours} neighbours, of which ${threshold} open a secret. With up to ${corrupt} clients on its side and ${mayDrop} lost, every sum that can be opened covers ${smallestSum} honest clients or more, but with probability 2^-40.`,
    describePrivacy(report),
  ];
  const every = Math.max(1, Math.ceil(rounds.length / MOST_ROWS));
  const rows = rounds
    .filter((_, i) => (i + 1) % every === 0 || i === rounds.length - 1)
    .map(({ round, status, accuracy: of, clients, lost, bytesUp, bytesDown, epsilon }) => [
      String(round),
      status === 'aborted' ? 'aborted' : of.value === null ? '-' : formatShare(of),
      `${clients}${lost.length > 0 ? ` (${lost.length} lost)` : ''}`,
      megabytes(bytesUp),
      megabytes(bytesDown),
      ...(report.privacy === null ? [] : [epsilon === null ? '-' : epsilon.toPrecision(3)]),
    ]);
  const columns = ['round', 'accuracy', 'clients', 'up', 'down', ...(report.privacy === null ? [] : ['ε'])];
  return `${lines.map(line => `${wrap(line, 80, '')}\n`).join('')}\n${formatTable(
    columns.map(title => ({ title })),
    rows,
  )}`;
}
