import { BiolensError } from '../../../ground/errors.ts';
import type { Rule } from './robust.ts';

/** What a federation is asked to do at once. */
export interface Combination {
  /** The server sees sums only. */
  readonly hidden: boolean;
  readonly rule: Rule;
  readonly algorithm: 'fedavg' | 'fedprox' | 'scaffold';
  /** Whether clients count by their number of examples. */
  readonly weighting: 'examples' | 'equal';
  /** Noise is added for privacy of clients. */
  readonly isPrivate: boolean;
  /** The network has running statistics of its batches. */
  readonly batchNormalisation?: boolean;
  /** Every client has faces of one person. */
  readonly onePersonEach?: boolean;
}

const CONFLICTS: readonly {
  readonly of: string;
  readonly holds: (combination: Combination) => boolean;
  readonly why: string;
}[] = [
  {
    of: 'rule',
    holds: ({ hidden, rule }) => hidden && rule !== 'mean',
    why: 'a robust rule compares single updates, and secure aggregation hides them; take one or the other',
  },
  {
    of: 'algorithm',
    holds: ({ hidden, algorithm }) => hidden && algorithm === 'scaffold',
    why: 'the control variates of SCAFFOLD travel in clear beside masked updates and tell what these hide; take fedavg or fedprox',
  },
  {
    of: 'weighting',
    holds: ({ isPrivate, weighting }) => isPrivate && weighting === 'examples',
    why: 'a client that counts by its number of examples has no bounded influence, and noise would not protect it; take equal weights',
  },
  {
    of: 'algorithm',
    holds: ({ isPrivate, algorithm }) => isPrivate && algorithm === 'scaffold',
    why: 'the control variates of SCAFFOLD are released without noise, so that no bound on the privacy loss holds; take fedavg or fedprox',
  },
  {
    of: 'rule',
    holds: ({ isPrivate, rule }) => isPrivate && rule !== 'mean',
    why: 'the noise is accounted for a mean, and the sensitivity of a robust rule is another one; take rule mean',
  },
  {
    of: 'model',
    holds: ({ batchNormalisation = false, onePersonEach = false }) => batchNormalisation && onePersonEach,
    why: 'batch statistics of clients with one person each describe that person, and their mean describes nobody; take group normalisation',
  },
];

/** @throws {BiolensError} `usage` naming what cannot work together, and why */
export function checkCombination(combination: Combination): void {
  const found = CONFLICTS.find(({ holds }) => holds(combination));
  if (found !== undefined) throw new BiolensError('usage', `"${found.of}": ${found.why}`);
}
