import { type FederateReport, federateReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type Headline,
  type JobEvent,
  type JobNews,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { type SimulationConfigurationInput, simulationConfigurationSchema } from './simulate/configuration.ts';
import { describeSimulation } from './simulate/describe.ts';
import { simulationItemSchema } from './simulate/items.ts';
import type { SimulationStep } from './simulate/open.ts';

function tell(event: SimulationStep): JobNews {
  return event.type === 'round' ? { type: 'note', text: event.text } : event;
}

const headlineOf = ({ accuracy, reached }: FederateReport): Headline => ({
  label: 'accuracy',
  metric: accuracy,
  unit: 'share',
  level: reached === null ? 'unknown' : reached.round === null ? 'warning' : 'good',
});

/**
 * Simulates a federation in one process: clients that train on their own examples, a server that combines what they learned in clear, by secure
 * aggregation or by two servers, with robust rules, server optimisers and privacy of clients.
 */
export const simulationJob = defineJob({
  kind: 'federate',
  verb: 'federate simulate',
  noun: 'simulated federation',
  summary: 'train one model on the examples of many clients, and see how accurate, how costly and how private that is',
  configuration: simulationConfigurationSchema,
  report: federateReportSchema,
  items: simulationItemSchema,
  examples: [
    'biolens federate simulate --task mnist --data mnist --model 2nn --rounds 100',
    'biolens federate simulate --task mnist --data mnist --secure --drop 0.3 --rounds 20',
    'biolens federate simulate --task mnist --data mnist --noise 1 --fraction 0.3 --budget 8 --rounds 200 --json',
  ],
  gateExample: 'accuracy<0.97',
  nameOf: ({ task, model }) => `${task}-${model}`,
  async *open(configuration, context) {
    const { openSimulation } = await import('./simulate/open.ts');
    return yield* openSimulation(configuration, context);
  },
  news: () => ({ tell }),
  describe: describeSimulation,
  titleOf: ({ task, model, secure }) =>
    typeof task === 'string' && typeof model === 'string'
      ? `${model} on ${task}, federated${secure === true ? ', sums alone' : ''}`
      : null,
  headline: headlineOf,
});

/** What a simulation says while it works. */
export type SimulationEvent = JobEvent<SimulationStep, FederateReport>;

/** Simulates a federation as a run; see {@link startJob}. */
export const simulateFederation = (
  input: SimulationConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<SimulationEvent, FederateReport> => startJob(simulationJob, input, options);

/** Resumes a simulation that was interrupted or killed: it goes on from its last round, to the same result; see {@link resumeJob}. */
export const resumeSimulation = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<SimulationEvent, FederateReport> => resumeJob(simulationJob, path, options);
