import type { HostedRun } from '../../src/ground/contracts/job.ts';

type Progress = HostedRun['progress'];

/**
 * Estimates how long a stage still takes from how fast it went since it was first seen.
 *
 * @returns milliseconds; null while that cannot be told
 */
export function createTimeLeft(): (progress: Progress, nowMs: number) => number | null {
  let from: { readonly stage: string; readonly done: number; readonly atMs: number } | null = null;
  return (progress, nowMs) => {
    if (progress === null) return null;
    const { stage, done, total } = progress;
    // A stage that is behind where it was has begun anew.
    if (from === null || from.stage !== stage || done < from.done) from = { stage, done, atMs: nowMs };
    const perMs = nowMs > from.atMs ? (done - from.done) / (nowMs - from.atMs) : 0;
    return total === null || perMs === 0 ? null : Math.max(0, total - done) / perMs;
  };
}
