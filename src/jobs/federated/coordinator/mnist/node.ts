import { nodePrimitives as primitives } from '../../secure/node.ts';
import { openThread } from '../../simulate/threads/node.ts';
import { readMnist } from '../../tasks/mnist/node.ts';
import { mostServerBytes, openDigitClient, type TrialShare } from '../digit-client.ts';
import { readKeyFile, readRosterFile, readText } from '../files/node.ts';
import { joinFederation } from '../join/node.ts';

export interface JoinMnistOptions {
  readonly server: string;
  readonly key: string;
  readonly roster: string;
  readonly data: string;
  /** Trains on one of so many equal parts of the data: for a trial on one machine. */
  readonly share?: TrialShare | undefined;
  readonly session?: string | undefined;
  /** Rounds with less noise are declined. */
  readonly leastNoise?: number | undefined;
  /** Takes part in rounds that hide nothing from the coordinator, too. */
  readonly inClear?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Takes part in a federation that learns digits, with the digits of a folder, which stay there. */
export async function joinMnist(options: JoinMnistOptions): Promise<string> {
  const { server, data, share, session, leastNoise, inClear, ca, log, signal } = options;
  const roster = await readRosterFile(options.roster);
  const own = await readKeyFile(options.key);
  const { training: digits } = await readMnist(data);
  const files = { key: options.key, roster: options.roster };
  await using client = openDigitClient({
    ...{ own, roster, files, digits, share, session, leastNoise, inClear, primitives, log, signal },
    openRuntime: openThread,
  });
  return await joinFederation({
    server,
    participant: client.participant,
    mostBytes: mostServerBytes(),
    ca: ca === undefined ? undefined : await readText(ca),
    log,
    signal,
  });
}
