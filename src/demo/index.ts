export { type DemoEvent, type DemoOptions, type DemoOutcome, runDemo } from './demo.ts';
export { DEMO_SETS } from './planted-sets.ts';
