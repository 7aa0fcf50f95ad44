import {
  type PrivacyBudget,
  type PrivacyEvent,
  type PrivacyEventInput,
  privacyBudgetSchema,
  privacyEventSchema,
} from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { checkOneKind, curveOf, leastEpsilon, spentOf } from './account.ts';
import { rdpEpsilon } from './rdp/orders.ts';

/** A ledger with more lines than this is refused before it is read whole. */
export const MOST_EVENTS = 1_000_000;

/**
 * An event of a ledger, checked, with its defaults.
 *
 * @throws BiolensError `input` naming the field that is wrong
 */
export function privacyEvent(event: PrivacyEventInput): PrivacyEvent {
  const parsed = privacyEventSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `privacy event: "${issue?.path.join('.')}": ${issue?.message}`);
}

/**
 * Whether releasing `next` after `events` would cost more than the budget: to be asked *before* a round, with what the round will release at
 * most. It costs too much where both bounds, the Rényi one and the tighter one by loss distributions, are above the budget's ε at its δ, and
 * always where something leaves in clear.
 *
 * @param next one event, or all of a round: the update, its metrics, its clipping quantile
 * @throws BiolensError `input` where the events promise different things, `usage` for a budget that is none
 */
export function wouldExceed(
  events: readonly PrivacyEvent[],
  next: PrivacyEvent | readonly PrivacyEvent[],
  budget: PrivacyBudget,
): boolean {
  const { epsilon, delta } = checkBudget(budget);
  const all = [...events, ...[next].flat()];
  if (all.some(({ mechanism }) => mechanism === 'none')) return true;
  checkOneKind(all);
  // The quick bound first: most rounds are far from the end of the budget.
  if (rdpEpsilon(curveOf(all), delta).epsilon <= epsilon) return false;
  return leastEpsilon(spentOf(all, { delta })) > epsilon;
}

/** What is left of a budget after the events; 0 where it is used up. */
export function leftOf(events: readonly PrivacyEvent[], budget: PrivacyBudget): number {
  const { epsilon, delta } = checkBudget(budget);
  return Math.max(0, epsilon - leastEpsilon(spentOf(events, { delta })));
}

function checkBudget(budget: PrivacyBudget): PrivacyBudget {
  const parsed = privacyBudgetSchema.safeParse(budget);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BiolensError('usage', `privacy budget: "${issue?.path.join('.')}": ${issue?.message}`);
}
