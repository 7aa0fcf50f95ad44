export { compareRuns } from './compare-runs.ts';
export { describeRunComparison } from './describe.ts';
