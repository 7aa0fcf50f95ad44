export type { BatchClient, BatchEntry, BatchRequest, BatchResult } from './client.ts';
export { mayHaveArrived } from './exchange.ts';
export { openBatches } from './open.ts';
