export { forgetRun, serveRun } from './serve.ts';
export { QueueStore } from './store.ts';
export { workQueue } from './worker.ts';
