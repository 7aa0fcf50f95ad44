/** What a study says between its beginning and its result. */
export type StudyStep =
  /** A size that was asked for and is larger than the folder. */
  { readonly type: 'refused'; readonly size: number; readonly reason: string } | StudyStage;

/** How far one part of the work is. */
export interface StudyStage {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}
