import type { RandomStream } from '../../../ground/math/index.ts';
import type { KeyedScheme, Scheme, Template } from '../scheme.ts';
import { climbScores, toUnit } from './climb.ts';

/** A template that was stolen together with its key. */
export interface Leaked {
  readonly keyed: KeyedScheme;
  readonly template: Template;
}

/**
 * The embedding behind templates whose keys are known: the sum of their closed-form estimates, or, where the scheme has none, a search for an
 * embedding whose protected form is most like all of them.
 *
 * Adversary: a thief with the database, the keys and the scheme; he needs no image and asks nobody.
 *
 * @param leaked templates of one face, each under its own key
 * @returns of unit length
 */
export function invert(
  scheme: Scheme,
  leaked: readonly Leaked[],
  { width, budget, stream }: { readonly width: number; readonly budget: number; readonly stream: RandomStream },
): Float64Array {
  const sum = new Float64Array(width);
  for (const { keyed, template } of leaked) {
    if (keyed.estimate === undefined) {
      const scoreOf = (unit: Float64Array): number =>
        leaked.reduce((total, one) => total + scheme.compare(one.keyed.protect(unit), one.template), 0);
      return climbScores(scoreOf, { width, budget, stream }).found;
    }
    const estimate = keyed.estimate(template);
    for (let j = 0; j < width; j++) sum[j]! += estimate[j]!;
  }
  return toUnit(sum);
}
