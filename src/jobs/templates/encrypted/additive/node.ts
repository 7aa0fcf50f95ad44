export { AdditivePool, type AdditivePoolOptions } from './pool/node.ts';
export { openSlotLedger } from './slots/node.ts';
export { openKernel } from './wasm/node.ts';
