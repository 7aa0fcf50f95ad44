import { BiolensError } from '../../../ground/errors.ts';
import { printable } from '../../../kit/text/printable.ts';
import type { CliIo } from '../io.ts';
import { work } from '../work.ts';

/** What a client of a coordinator is told on its command line. */
export interface CoordinatedJoin {
  readonly coordinator: string;
  readonly key: string | undefined;
  readonly roster: string | undefined;
  readonly data: string;
  readonly part: readonly [number, number] | undefined;
  readonly seed: number;
  readonly session: string | undefined;
  readonly leastNoise: number | undefined;
  readonly inClear: boolean | undefined;
  readonly rootCertificates: string | undefined;
}

/** Takes part in a federation of our coordinator until it is over. */
export async function joinCoordinator(
  { coordinator, key, roster, data, part, seed, session, leastNoise, inClear, rootCertificates }: CoordinatedJoin,
  io: CliIo,
): Promise<void> {
  if (key === undefined || roster === undefined)
    throw new BiolensError('usage', '--coordinator: expected --key and --roster beside it');
  const { joinMnist } = await import('../../../jobs/federated/node.ts');
  const share = part === undefined ? undefined : { part: part[0] - 1, of: part[1], partition: 'iid' as const, seed };
  const reason = await work(io, ({ signal, progress }) =>
    joinMnist({
      ...{ server: coordinator, key, roster, data, share, session, leastNoise, inClear, ca: rootCertificates },
      ...{ log: line => progress.note(printable(line)), signal },
    }),
  );
  io.out(`${printable(reason)}\n`);
}

/** Makes the key of a client of our coordinator, and prints its line of the roster. */
export async function writeClientKey(file: string, name: string, io: CliIo): Promise<void> {
  const { makeKeyFile } = await import('../../../jobs/federated/node.ts');
  io.out(`${JSON.stringify(await makeKeyFile(file, name))}\n`);
}
