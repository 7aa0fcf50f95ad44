import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import type { Example } from './labelled-images.ts';

export interface Split {
  readonly training: readonly Example[];
  readonly heldOut: readonly Example[];
}

/**
 * Holds out a share of the examples of each combination of classes, rounded so that rare ones are on both sides where that is possible, and never part of
 * a group.
 */
export function holdOut(examples: readonly Example[], share: number, key: RandomKey): Split {
  const groups = new Map<string, Example[]>();
  for (const example of examples) groups.set(example.group, [...(groups.get(example.group) ?? []), example]);
  const strata = new Map<string, Example[][]>();
  for (const group of groups.values()) {
    const stratum = group[0]!.labels.join();
    strata.set(stratum, [...(strata.get(stratum) ?? []), group]);
  }
  const held = new Set<Example>();
  for (const [stratum, members] of strata) {
    const order = openStream(foldIn(key, stratum)).sampleWithoutReplacement(members.length, members.length);
    const count = members.length === 1 ? 0 : Math.max(1, Math.round(share * members.length));
    for (const index of order.slice(0, count)) for (const example of members[index]!) held.add(example);
  }
  return {
    training: examples.filter(example => !held.has(example)),
    heldOut: examples.filter(example => held.has(example)),
  };
}
