import { DEGREE } from './parameters.ts';

/** A place for one template. */
export interface Slot {
  readonly block: number;
  /** 0 to N − 1. */
  readonly index: number;
}

/**
 * Gives out slots, each one once for ever, also after a crash.
 *
 * Why: a slot's words are pad + Δ·g, and the pad is of the block's secret. Two releases of one slot under one secret differ by Δ times the difference of
 * the templates, which whoever sees both can read off.
 */
export interface SlotLedger {
  /** Reserves slots durably before it resolves; only then may a ciphertext leave. */
  reserve(count: number): Promise<Slot[]>;
  /** Leaves the rest of the present block unused: what comes next is under a fresh secret. */
  newBlock(): void;
}

export const slotOf = (number: number): Slot => ({ block: Math.floor(number / DEGREE), index: number % DEGREE });

/** A ledger for keys that live no longer than this process. */
export function ephemeralLedger(): SlotLedger {
  let next = 0;
  return {
    reserve: async count => Array.from({ length: count }, () => slotOf(next++)),
    newBlock: () => {
      next = Math.ceil(next / DEGREE) * DEGREE;
    },
  };
}
