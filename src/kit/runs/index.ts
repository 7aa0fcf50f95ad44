export { carryOut, type RunStarted } from './carry-out.ts';
export { withInterrupt } from './interrupt.ts';
export { ItemCounter } from './item-counter.ts';
export { ItemLog, readItems } from './item-log.ts';
export { toJson } from './json.ts';
export * from './list.ts';
export { digestFile, digestFiles, packageVersion } from './provenance.ts';
export * from './resume-items.ts';
export * from './run.ts';
