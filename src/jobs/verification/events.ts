/** What a verification or identification says while it works. */
export interface VerificationStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}
