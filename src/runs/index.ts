export { fileError, toJson, writeAtomically } from './files.ts';
export { withInterrupt } from './interrupt.ts';
export * from './list.ts';
export { digestFile, digestFiles, packageVersion } from './provenance.ts';
export * from './resume-items.ts';
export * from './run.ts';
