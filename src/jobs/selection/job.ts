import { basename, join } from 'node:path';
import { type SelectionReport, selectionReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type JobEvent,
  type JobNews,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
  worstLevel,
} from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { auditItemSchema } from '../audit/declaration/index.ts';
import { type SelectionConfigurationInput, selectionConfigurationSchema } from './configuration.ts';
import { describeSelection } from './describe.ts';
import { selectionImages } from './images.ts';
import type { SelectionStep } from './work.ts';

function tell(event: SelectionStep): JobNews {
  if (event.type === 'caution') return { type: 'note', text: event.text };
  const { done, total } = event;
  const progress = (stage: string): JobNews => ({ type: 'progress', stage, done, total });
  switch (event.type) {
    case 'sampling':
      return progress('generating candidates');
    case 'selecting':
      return progress('keeping images');
    case 'progress':
      return progress(`auditing ${event.side}: ${event.part}: ${event.step}`);
    default:
      return progress('reading faces');
  }
}

/** Selects from the samples of any generator those that do not copy and have the wanted shares, and audits what it kept. */
export const selectionJob = defineJob({
  kind: 'selection',
  verb: 'mitigate select',
  noun: 'selection',
  summary: 'keep samples of any generator that do not copy and have the wanted shares: best of n',
  configuration: selectionConfigurationSchema,
  report: selectionReportSchema,
  items: auditItemSchema,
  examples: [
    "biolens mitigate select --train portraits --heldout others --replication --sample-with 'python sample.py --n {n} --seed {seed} --out {dir}' -o kept",
    'biolens mitigate select --train portraits --generator generator.onnx --bias gender=uniform --keep 500 --candidates 4000',
    "biolens mitigate select --train t --generator g --replication --json --fail-on 'selection.accepted<0.1'",
  ],
  gateExample: 'selection.accepted<0.1',
  nameOf: ({ generator, sampleWith }) => basename(generator ?? sampleWith?.split(' ')[0] ?? 'samples'),
  async *open(configuration, context) {
    const { openSelection } = await import('./open.ts');
    return yield* openSelection(configuration, context);
  },
  news: () => ({ tell }),
  describe: describeSelection,
  epilogue: ({ configuration: { output }, path }) =>
    [join(path, 'artifacts/kept'), ...(output === undefined ? [] : [output])]
      .map(folder => `Images: ${printable(folder)}\n`)
      .join(''),
  titleOf: ({ generator, sampleWith }) => {
    if (typeof generator === 'string') return `Selection from ${basename(generator)}`;
    return typeof sampleWith === 'string' ? 'Selection from a command’s samples' : null;
  },
  images: selectionImages,
  headline: ({ selection, verdict }: SelectionReport) => ({
    label: 'kept',
    metric: selection.accepted,
    unit: 'share',
    level: worstLevel(verdict),
  }),
});

/** What a selection says while it works. */
export type SelectionEvent = JobEvent<SelectionStep, SelectionReport>;

/**
 * Selects from the samples of any generator as a run; see {@link startJob}. The run's `artifacts/kept` has the images.
 *
 * @param input what generates, what is wanted and how; defaults are those of `selectionConfigurationSchema`
 */
export const selectionRun = (
  input: SelectionConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<SelectionEvent, SelectionReport> => startJob(selectionJob, input, options);

/** Resumes a selection that was interrupted or killed; see {@link resumeJob}. What was generated and read is not done again. */
export const resumeSelection = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<SelectionEvent, SelectionReport> => resumeJob(selectionJob, path, options);
