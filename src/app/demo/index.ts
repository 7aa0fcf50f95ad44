export {
  BASE_MODEL,
  DEMO_CHAPTERS,
  DEMO_SETTINGS,
  type DemoChapter,
  type DemoEvent,
  type DemoOptions,
  type DemoOutcome,
  type DemoRun,
  runDemo,
} from './demo.ts';
export { DEMO_SETS, type DrawEvent, type DrawnSets, drawSets } from './drawn-sets.ts';
export { DEMO_SEED } from './seed.ts';
