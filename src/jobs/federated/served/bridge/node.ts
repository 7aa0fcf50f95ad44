import { throwIfAborted } from '../../../../ground/errors.ts';
import { joinFlower } from '../../flower/join.ts';
import { FlowerLead, type FlowerLeadOptions } from '../../flower/lead.ts';
import { sleepFor } from '../../flower/node.ts';
import type { FlowerLink } from '../prepare.ts';

export interface Bridge extends AsyncDisposable {
  readonly lead: FlowerLead;
  /** All rounds are played: stays until Flower has asked for nothing for a while, since it may still evaluate. */
  finish(): Promise<void>;
}

export interface BridgeOptions extends FlowerLeadOptions {
  readonly link: FlowerLink;
  readonly idleMs: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Joins a Flower federation as one node, for the clients of a coordinator. */
export function openBridge({ link, idleMs, log, signal, ...options }: BridgeOptions): Bridge {
  const lead = new FlowerLead(options);
  const leave = new AbortController();
  const stop = () => leave.abort();
  signal?.addEventListener('abort', stop, { once: true });
  let lastMs = Date.now();
  let failure: unknown = null;
  const follow = async (): Promise<void> => {
    const { transport, registered, address } = link;
    const events = joinFlower({
      ...{ transport, registered, client: lead, signal: leave.signal, sleep: sleepFor },
      now: () => Date.now() / 1000,
    });
    for await (const event of events) {
      lastMs = Date.now();
      if (event.type === 'joined' || event.type === 'joined-again') log(`node ${event.node} of Flower at ${address}`);
      else if (event.type === 'waiting') log(`Flower: ${event.why}`);
      else if (event.type === 'asked') log(`Flower asks for "${event.what}"`);
      else if (event.type === 'failed') log(`Flower was told that "${event.what}" failed: ${event.why}`);
      else log(`Flower has the reply to "${event.what}" after ${event.seconds.toFixed(1)} s`);
    }
  };
  const ended = follow()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => lead.end('the node has left Flower'));
  const close = async () => {
    leave.abort();
    signal?.removeEventListener('abort', stop);
    await ended;
  };
  return {
    lead,
    finish: async () => {
      lead.end('all rounds of this coordinator are played');
      lastMs = Date.now();
      while (!leave.signal.aborted && failure === null && Date.now() - lastMs < idleMs)
        await sleepFor(Math.min(500, idleMs), leave.signal);
      await close();
      throwIfAborted(signal);
      if (failure !== null) throw failure;
    },
    [Symbol.asyncDispose]: close,
  };
}
