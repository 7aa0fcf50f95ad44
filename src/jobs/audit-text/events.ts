/** What an audit of texts says while it works. */
export interface AuditTextStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

export const step = (stage: string, done = 0, total: number | null = null): AuditTextStep => ({
  type: 'progress',
  stage,
  done,
  total,
});
