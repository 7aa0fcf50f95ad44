import type { FederateReport } from '../../../ground/contracts/index.ts';
import { formatShare } from '../../../kit/text/wrap.ts';
import { describeRounds } from '../describe-rounds.ts';

/** What the accuracy of a task is of. */
const ANSWERS: Readonly<Record<string, string>> = {
  mnist: 'the test images',
  characters: 'the next characters',
  words: 'the next words',
};

function describeHiding({ aggregation }: FederateReport): string {
  const { mode, cohort, bits } = aggregation;
  if (mode === 'plain') return 'The server saw each update.';
  if (mode === 'two-aggregators')
    return `Each of two servers saw noise, and both together the sums, of ${bits} bits an entry; if they work together they see every update.`;
  const { neighbours, threshold, corrupt, mayDrop, smallestSum } = cohort!;
  return `The server saw sums alone, of ${bits} bits an entry: each client with ${neighbours} neighbours, of which ${threshold} open a secret. With up to ${corrupt} clients on the server's side and ${mayDrop} lost, every sum that can be opened covers ${smallestSum} honest clients or more, but with probability 2^-40.`;
}

function describePrivacy({ privacy, epsilon }: FederateReport): string {
  if (privacy === null) return '';
  const spent = epsilon === null ? 'no finite ε' : `ε = ${epsilon.toPrecision(4)} at δ = ${privacy.delta}`;
  const end =
    privacy.stoppedAt === null
      ? ''
      : ` The budget of ${privacy.budget} ended the run before round ${privacy.stoppedAt}.`;
  return `Privacy of a client: ${spent}, as if the noise came from a generator that nobody can repeat; a simulation's comes from its seed.${end}`;
}

/** The result of a simulation for a terminal of 80 columns. */
export function describeSimulation(report: FederateReport): string {
  const { accuracy, topThree, rounds, reached, model, clients, task } = report;
  const among = topThree === null ? '' : `, ${formatShare(topThree)} among the first three answers`;
  const last = rounds.length;
  const lines = [
    `${model.name} of ${model.parameters} parameters, ${clients.total} clients, ${clients.partition}: ${formatShare(accuracy)} of ${ANSWERS[task] ?? 'the answers'} right${among} after ${last} rounds.`,
    ...(reached === null
      ? []
      : [
          reached.round === null
            ? `${100 * reached.target} % was not reached.`
            : `${100 * reached.target} % was reached in round ${reached.round}.`,
        ]),
    describeHiding(report),
    describePrivacy(report),
  ].filter(line => line !== '');
  return describeRounds(lines, { rounds, lostOf: ({ dropped }) => dropped, isPrivate: report.privacy !== null });
}
