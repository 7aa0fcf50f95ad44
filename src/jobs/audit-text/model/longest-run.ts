/** The longest stretch that two texts share: where in each, in code points, and its length. */
export interface SharedRun {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

/** The longest run of code points that two short texts share, the first of several; cost: the product of their lengths. */
export function longestSharedRun(first: readonly string[], second: readonly string[]): SharedRun {
  let best: SharedRun = { first: 0, second: 0, length: 0 };
  let before = new Int32Array(second.length + 1);
  let now = new Int32Array(second.length + 1);
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < second.length; j++) {
      const length = first[i] === second[j] ? before[j]! + 1 : 0;
      now[j + 1] = length;
      if (length > best.length) best = { first: i + 1 - length, second: j + 1 - length, length };
    }
    [before, now] = [now, before];
  }
  return best;
}
