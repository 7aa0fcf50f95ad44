export { forgetRun, type QueueProgress, serveRun } from './serve.ts';
export { HEARTBEAT_S, QueueStore } from './store.ts';
export { type WorkerEvent, workQueue } from './worker.ts';
