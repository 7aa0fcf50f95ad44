import { BiolensError } from '../../ground/errors.ts';
import { suggest } from '../../kit/job/index.ts';
import type { BiasTarget } from './configuration.ts';

const SUM_TOLERANCE = 1e-6;

/** A wanted distribution of one attribute. */
export interface ResolvedTarget {
  readonly attribute: string;
  readonly classes: readonly string[];
  /** `[classes]`, sums to 1. */
  readonly shares: readonly number[];
}

/** Shares in the order of the classes. */
function sharesOf(attribute: string, target: BiasTarget, classes: readonly string[]): number[] {
  const refuse = (why: string): BiolensError => new BiolensError('usage', `target of ${attribute}: ${why}`);
  if (target === 'uniform') return classes.map(() => 1 / classes.length);
  if (Array.isArray(target)) {
    if (target.length !== classes.length)
      throw refuse(`expected ${classes.length} shares (${classes.join(', ')}), got ${target.length}`);
    return target;
  }
  const unknown = Object.keys(target).find(name => !classes.includes(name));
  if (unknown !== undefined)
    throw refuse(`"${unknown}" is not one of the classes ${classes.join(', ')}${suggest(unknown, classes)}`);
  return classes.map(name => target[name] ?? 0);
}

/**
 * Checks wanted shares against the classes of a classifier.
 *
 * @param known attribute → its classes
 * @throws BiolensError `usage` for an attribute or class that the classifier does not know, or shares that do not sum to 1
 */
export function resolveTargets(
  bias: Readonly<Record<string, BiasTarget>>,
  known: Readonly<Record<string, readonly string[]>>,
): ResolvedTarget[] {
  const names = Object.keys(known);
  return Object.entries(bias).map(([attribute, target]) => {
    const classes = known[attribute];
    if (classes === undefined)
      throw new BiolensError(
        'usage',
        `target of ${attribute}: the classifier does not know it, it knows ${names.join(', ') || 'nothing'}${suggest(attribute, names)}`,
      );
    const shares = sharesOf(attribute, target, classes);
    const sum = shares.reduce((total, share) => total + share, 0);
    if (Math.abs(sum - 1) > SUM_TOLERANCE)
      throw new BiolensError(
        'usage',
        `target of ${attribute}: expected shares that sum to 1, got ${shares.join(' + ')} = ${Number(sum.toFixed(6))}`,
      );
    return { attribute, classes, shares };
  });
}
