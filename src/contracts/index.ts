export * from './audit.ts';
export * from './bench.ts';
export * from './bench-codes.ts';
export * from './faces.ts';
export * from './metric.ts';
export * from './report.ts';
export * from './run.ts';
