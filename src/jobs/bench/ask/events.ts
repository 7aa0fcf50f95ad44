import type { Answer } from '../../../ground/contracts/bench.ts';
import type { LimitChange } from './adaptive-limit.ts';
import type { BudgetStop, Spent } from './spending.ts';

/** How far a run is; every event carries it. */
export interface AskProgress {
  /** Answers recorded, those of earlier stretches included. */
  readonly done: number;
  /** Answers that there will be; null where the number of questions is not known. */
  readonly total: number | null;
  readonly spent: Spent;
}

export type AskNews =
  | { readonly type: 'started' }
  | { readonly type: 'answer'; readonly answer: Answer }
  | {
      readonly type: 'retry';
      readonly question: string;
      readonly attempt: number;
      readonly kind: string;
      readonly message: string;
      readonly waitMs: number;
    }
  /** The endpoint asked to be left alone, and nobody sends for so long. */
  | { readonly type: 'pause'; readonly message: string; readonly waitMs: number }
  | { readonly type: 'concurrency'; readonly limit: number; readonly why: LimitChange }
  /** Something that the endpoint could not do as asked; said once. */
  | { readonly type: 'warning'; readonly message: string }
  /** Batches were handed in, collected, or left to be collected later. */
  | { readonly type: 'batch'; readonly message: string }
  /** Requests that the provider has come to the end of, of all that the run makes. */
  | { readonly type: 'waiting'; readonly finished: number }
  | {
      readonly type: 'finished';
      /** `complete`, or the budget that was used up; then the run can be resumed with a larger one. */
      readonly reason: 'complete' | BudgetStop;
      /** Questions recorded as errors in this stretch. */
      readonly errors: number;
    };

export type AskEvent = AskProgress & AskNews;
