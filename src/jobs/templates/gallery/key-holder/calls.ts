import type { ErrorCode } from '../../../../ground/errors.ts';
import type { Encrypted } from '../../encrypted/additive/holder.ts';
import type { RecordPlace } from '../service.ts';

/** What the process of the keys is told at first. */
export interface HolderStart {
  /** The key file. */
  readonly path: string;
  readonly dimension: number;
  /** Product from which on a match is accepted. */
  readonly least: number;
}

/** What it is asked, and what it answers; it gives out no template, no score and no key. */
export interface HolderCalls {
  start: { readonly asks: HolderStart; readonly answers: null };
  seal: { readonly asks: { readonly template: Uint8Array; readonly place: RecordPlace }; readonly answers: Uint8Array };
  reseal: {
    readonly asks: { readonly record: Uint8Array; readonly place: RecordPlace; readonly generation: number };
    readonly answers: Uint8Array;
  };
  tag: { readonly asks: string; readonly answers: string };
  add: { readonly asks: number; readonly answers: null };
  removeBefore: { readonly asks: number; readonly answers: null };
  /** Opens records and encrypts each into a slot of its own. */
  encrypt: {
    readonly asks: readonly { readonly record: Uint8Array; readonly place: RecordPlace }[];
    readonly answers: readonly Encrypted[];
  };
  /** Numbers of the slots that are accepted, the most similar first, of sums of the slots from 0 on; those of unused slots are meaningless. */
  search: { readonly asks: { readonly probe: Int16Array; readonly sums: Int32Array }; readonly answers: Int32Array };
  /** Whether one of some slots is accepted. */
  accepts: {
    readonly asks: { readonly probe: Int16Array; readonly slots: readonly number[]; readonly sums: readonly number[] };
    readonly answers: boolean;
  };
}

export type HolderCall = keyof HolderCalls;

export interface HolderRequest<C extends HolderCall = HolderCall> {
  readonly id: number;
  readonly call: C;
  readonly asks: HolderCalls[C]['asks'];
}

export type HolderReply = { readonly id: number } & (
  | { readonly answers: HolderCalls[HolderCall]['answers'] }
  | { readonly error: string; readonly code: ErrorCode }
);
