import type { JobPlan } from '../../kit/job/index.ts';
import type { Prepared } from './prepare.ts';
export function planMitigation(_: Prepared): JobPlan {
  return { reads: [], writes: [], seconds: null, basis: '', memoryBytes: null };
}
