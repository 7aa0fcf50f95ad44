export type {
  BatchClient,
  BatchEntry,
  BatchFaults,
  BatchLimits,
  BatchRequest,
  BatchResult,
  BatchStatus,
  FoundBatch,
} from './client.ts';
export { mayHaveArrived } from './exchange.ts';
export { openBatches } from './open.ts';
