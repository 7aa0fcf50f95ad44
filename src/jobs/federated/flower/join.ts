import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { Fleet, type FleetMessage, type FleetTransport } from './fleet.ts';
import { type FlowerRecords, readRecords, recordsObject } from './records.ts';

/** What a node does with the messages of a run. */
export interface FlowerClient {
  /** @returns the reply's records; with `num-examples` among the metrics where the strategy weighs by it */
  train(records: FlowerRecords, options: { readonly signal: AbortSignal }): Promise<FlowerRecords>;
  evaluate(records: FlowerRecords, options: { readonly signal: AbortSignal }): Promise<FlowerRecords>;
}

export type FlowerEvent =
  | { readonly type: 'joined'; readonly node: string }
  | { readonly type: 'asked'; readonly what: string; readonly run: string }
  | {
      readonly type: 'replied';
      readonly what: string;
      readonly run: string;
      readonly seconds: number;
      /** Since the node joined. */
      readonly bytesUp: number;
      readonly bytesDown: number;
    }
  /** A message that could not be done; the run was told so and goes on. */
  | { readonly type: 'failed'; readonly what: string; readonly run: string; readonly why: string }
  | { readonly type: 'joined-again'; readonly node: string }
  /** The SuperLink does not take the node now; it may once the node's former process counts as gone. */
  | { readonly type: 'waiting'; readonly why: string };

export interface JoinFlowerOptions {
  readonly transport: FleetTransport;
  readonly client: FlowerClient;
  /** The key is registered by the federation's owner; otherwise the node registers itself, which an open SuperLink allows. */
  readonly registered: boolean;
  readonly signal: AbortSignal;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /** Seconds since 1970. */
  readonly now: () => number;
  /** Ends after so long without a message; null waits for ever. */
  readonly idleMs?: number | null;
}

const HEARTBEAT_S = 30;
const POLL_MS = 500;
/** A node that was killed counts as online for two heartbeats, and is not taken before. */
const TAKEN_AFTER_MS = 2.5 * HEARTBEAT_S * 1000;
const ASK_AGAIN_MS = 5000;
/** A node that leaves right after its reply turns it into "node unavailable", so it stays as long as a run may take to fetch it. */
const LINGER_MS = 15_000;

const kindOf = (messageType: string): 'train' | 'evaluate' | null =>
  messageType === 'train' || messageType.startsWith('train.')
    ? 'train'
    : messageType === 'evaluate' || messageType.startsWith('evaluate.')
      ? 'evaluate'
      : null;

/**
 * Takes part in a Flower federation as a SuperNode would: waits for messages, trains or evaluates, replies. It ends when `signal` is aborted or
 * nothing was asked for `idleMs`.
 *
 * Adversary: none within the federation. The SuperLink reads every update in the clear, and can ask for training on any weights; the headers
 * that tell the node apart sign a time only, so that whoever reads them can act as the node for five minutes: use TLS.
 *
 * @throws BiolensError `external` where the SuperLink does not take the node, or is away for longer than retries last
 */
export async function* joinFlower(options: JoinFlowerOptions): AsyncGenerator<FlowerEvent, void> {
  const { transport, registered, signal, sleep, now, idleMs = null } = options;
  const fleet = new Fleet({ transport, sleep, signal });
  const join = (): Promise<bigint> => fleet.join({ register: !registered, heartbeatS: HEARTBEAT_S });
  yield* untilTaken(join, options);
  yield { type: 'joined', node: String(fleet.node.nodeId) };
  let [lastHeartbeat, lastMessage, lastReply] = [now(), now(), Number.NEGATIVE_INFINITY];
  const beat = async (): Promise<boolean> => {
    if (now() - lastHeartbeat < 0.8 * HEARTBEAT_S) return true;
    lastHeartbeat = now();
    return fleet.heartbeat(HEARTBEAT_S).catch(() => true);
  };
  try {
    while (!signal.aborted) {
      if (!(await beat())) yield { type: 'joined-again', node: String(await join()) };
      const message = await fleet.pull();
      if (message === null) {
        if (idleMs !== null && (now() - lastMessage) * 1000 > idleMs) break;
        await sleep(POLL_MS, signal);
        continue;
      }
      yield* answer(fleet, message, { ...options, beat });
      [lastMessage, lastReply] = [now(), now()];
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    const left = LINGER_MS - (now() - lastReply) * 1000;
    if (left > 0) await sleep(left);
    await fleet.leave({ registered: !registered }).catch(() => undefined);
  }
}

/** Joins, and waits where the SuperLink may still count the node's former process as online. */
async function* untilTaken(
  join: () => Promise<bigint>,
  { signal, sleep }: JoinFlowerOptions,
): AsyncGenerator<FlowerEvent, void> {
  for (let waited = 0; ; waited += ASK_AGAIN_MS) {
    try {
      await join();
      return;
    } catch (error) {
      const notYet = error instanceof BiolensError && error.details.notYet === true;
      if (!notYet || signal.aborted || waited >= TAKEN_AFTER_MS) throw error;
      if (waited === 0) yield { type: 'waiting', why: messageOf(error) };
      await sleep(ASK_AGAIN_MS, signal);
    }
  }
}

interface AnswerOptions extends JoinFlowerOptions {
  readonly beat: () => Promise<boolean>;
}

async function* answer(
  fleet: Fleet,
  message: FleetMessage,
  { client, signal, now, sleep, beat }: AnswerOptions,
): AsyncGenerator<FlowerEvent, void> {
  const { messageType: what, runId } = message.metadata;
  const run = String(runId);
  yield { type: 'asked', what, run };
  const started = now();
  // Work may take longer than a heartbeat.
  const working = new AbortController();
  const beating = (async () => {
    while (!working.signal.aborted) {
      await sleep(1000, working.signal);
      await beat();
    }
  })().catch(() => undefined);
  try {
    const fetchObject = fleet.fetcher(runId);
    const root = await fetchObject(message.id);
    if (root.type !== 'Message' || root.children.length !== 1)
      throw new BiolensError('input', 'message of the SuperLink: it has no content');
    const records = await readRecords(await fetchObject(root.children[0]!), fetchObject);
    await fleet.confirm(message);
    const kind = kindOf(what);
    if (kind === null) throw new BiolensError('input', `"${what}" is asked for, this node trains and evaluates`);
    const reply = await client[kind](records, { signal });
    const seconds = now() - started;
    await fleet.reply(message, { records: recordsObject(reply) }, { seconds, now: now() });
    yield { type: 'replied', what, run, seconds, bytesUp: fleet.bytesUp, bytesDown: fleet.bytesDown };
  } catch (error) {
    if (!(error instanceof BiolensError) || error.code !== 'input' || signal.aborted) throw error;
    const why = messageOf(error);
    await fleet.reply(message, { error: why }, { seconds: now() - started, now: now() });
    yield { type: 'failed', what, run, why };
  } finally {
    working.abort();
    await beating;
  }
}
