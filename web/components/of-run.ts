import type { RunRecord } from '../../src/ground/contracts/run.ts';

/** What a page is made of, and a part of it that speaks of the run too. */
export interface OfRun<Report> {
  readonly report: Report;
  readonly run: RunRecord;
}
