import type { FederationReport } from '../../src/ground/contracts/index.ts';
import { type FederationEvent, serveFederation } from '../../src/jobs/federated/node.ts';

export interface Served {
  /** Address, once clients can come. */
  readonly listening: Promise<string>;
  readonly served: Promise<FederationReport>;
  readonly log: string[];
}

/** Follows a coordinator's events to its report. */
export function follow(events: AsyncGenerator<FederationEvent, FederationReport>): Served {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const log: string[] = [];
  const work = async (): Promise<FederationReport> => {
    for (;;) {
      const { value, done } = await events.next();
      if (done) return value;
      if (value.type === 'listening') resolve(value.address);
      if (value.type === 'log') log.push(value.text);
    }
  };
  const served = work();
  served.catch(reject);
  promise.catch(() => undefined);
  return { listening: promise, served, log };
}

/** Starts a coordinator as a run. */
export const serve = (...given: Parameters<typeof serveFederation>): Served => follow(serveFederation(...given));
