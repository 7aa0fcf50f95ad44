/** What an evaluation says while it works. */
export interface TemplateStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}
