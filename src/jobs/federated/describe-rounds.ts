import type { FederatedRound } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { formatShare, wrap } from '../../kit/text/wrap.ts';

/** Rounds that the table shows. */
const MOST_ROWS = 10;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;

type Round = Pick<FederatedRound, 'round' | 'status' | 'accuracy' | 'clients' | 'bytesUp' | 'bytesDown' | 'epsilon'>;

/**
 * Sentences of a federation for a terminal of 80 columns, then a table of some of its rounds.
 *
 * @param lostOf clients that a round lost
 * @param isPrivate whether there is an ε to be told
 */
export function describeRounds<R extends Round>(
  lines: readonly string[],
  {
    rounds,
    lostOf,
    isPrivate,
  }: { readonly rounds: readonly R[]; readonly lostOf: (round: R) => number; readonly isPrivate: boolean },
): string {
  const every = Math.max(1, Math.ceil(rounds.length / MOST_ROWS));
  const rows = rounds
    .filter((_, i) => (i + 1) % every === 0 || i === rounds.length - 1)
    .map(one => [
      String(one.round),
      one.status === 'aborted' ? 'aborted' : one.accuracy.value === null ? '-' : formatShare(one.accuracy),
      `${one.clients}${lostOf(one) > 0 ? ` (${lostOf(one)} lost)` : ''}`,
      megabytes(one.bytesUp),
      megabytes(one.bytesDown),
      ...(isPrivate ? [one.epsilon === null ? '-' : one.epsilon.toPrecision(3)] : []),
    ]);
  const columns = ['round', 'accuracy', 'clients', 'up', 'down', ...(isPrivate ? ['ε'] : [])];
  return `${lines.map(line => `${wrap(line, 80, '')}\n`).join('')}\n${formatTable(
    columns.map(title => ({ title })),
    rows,
  )}`;
}
