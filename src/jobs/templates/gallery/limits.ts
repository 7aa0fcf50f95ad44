import type { Limits } from './schemas.ts';

/** What is kept of a subject, a client, or all together. */
export interface LimitState {
  /** Rejected attempts: in a row for `subject`, in the window for the others. */
  readonly rejected: number;
  /** When the window began, or the first of the row was. */
  readonly since: number;
  readonly blockedUntil: number;
}

/** A subject has two: rejections in a row, and those in a window whatever was accepted between them. */
export type LimitScope = 'subject' | 'subject-window' | 'client' | 'global';

const windowOf = (scope: Exclude<LimitScope, 'subject'>, limits: Limits) =>
  scope === 'subject-window' ? limits.subject : limits[scope];

export const FRESH: LimitState = { rejected: 0, since: 0, blockedUntil: 0 };

/** Milliseconds until an attempt may be made; 0 for at once. */
export function waitFor(state: LimitState, now: number): number {
  return Math.max(0, state.blockedUntil - now);
}

/** The state after a rejected attempt. */
export function afterRejection(
  state: LimitState,
  scope: LimitScope,
  { limits, now }: { readonly limits: Limits; readonly now: number },
): LimitState {
  if (scope === 'subject') {
    const { free, delayMs, lockAfter, lockMs } = limits.subject;
    // A lock that is over starts anew.
    const over = state.rejected >= lockAfter && now >= state.blockedUntil;
    const rejected = (over ? 0 : state.rejected) + 1;
    const delay = rejected <= free ? 0 : Math.min(lockMs, delayMs * 2 ** (rejected - free - 1));
    return { rejected, since: state.since || now, blockedUntil: now + (rejected >= lockAfter ? lockMs : delay) };
  }
  const { rejections, windowMs } = windowOf(scope, limits);
  const fresh = now - state.since >= windowMs;
  const since = fresh ? now : state.since;
  const rejected = (fresh ? 0 : state.rejected) + 1;
  return { rejected, since, blockedUntil: rejected >= rejections ? since + windowMs : 0 };
}

/** Takes a rejection back that turned out accepted: the row of a subject starts anew, the others have one rejection less. */
export function afterAcceptance(state: LimitState, scope: LimitScope, limits: Limits): LimitState {
  if (scope === 'subject') return FRESH;
  const rejected = Math.max(0, state.rejected - 1);
  return {
    rejected,
    since: state.since,
    blockedUntil: rejected >= windowOf(scope, limits).rejections ? state.blockedUntil : 0,
  };
}
