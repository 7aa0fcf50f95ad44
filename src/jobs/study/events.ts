import type { StudyReport } from '../../ground/contracts/index.ts';

/** What a study says while it works. */
export type StudyEvent =
  | { readonly type: 'run'; readonly id: string; readonly path: string }
  /** A size that was asked for and is larger than the folder. */
  | { readonly type: 'refused'; readonly size: number; readonly reason: string }
  | StudyStep
  | { readonly type: 'result'; readonly id: string; readonly path: string; readonly report: StudyReport };

/** How far one part of the work is. */
export interface StudyStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}
