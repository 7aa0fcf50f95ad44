/** Something an audit says while it works. */
export interface AuditProgress {
  readonly type: 'progress';
  readonly part: 'replication' | 'bias' | 'quality';
  /** What starts now. */
  readonly step: string;
  /** Steps of this part that are over; never goes down. */
  readonly done: number;
  readonly total: number;
}

/** Counts the steps of one part. */
export function stepCounter(part: AuditProgress['part'], total: number): (step: string) => AuditProgress {
  let done = 0;
  return step => ({ type: 'progress', part, step, done: Math.min(done++, total), total });
}
