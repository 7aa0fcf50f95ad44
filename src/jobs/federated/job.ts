import {
  type FederateReport,
  type FederationReport,
  federateReportSchema,
  federationReportSchema,
} from '../../ground/contracts/index.ts';
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
import { type FederationConfigurationInput, federationConfigurationSchema } from './served/configuration.ts';
import { describeFederation } from './served/describe.ts';
import { federationItemSchema } from './served/items.ts';
import type { FederationStep } from './served/open.ts';
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

function tellFederation(event: FederationStep): JobNews {
  switch (event.type) {
    case 'progress':
      return event;
    case 'log':
      return { type: 'note', text: event.text };
    case 'listening':
      return { type: 'note', text: `listening on ${event.address}, federation ${event.session}` };
  }
}

/**
 * Coordinates a federation of real clients that learns digits: they join by WebSocket, and the coordinator sees sums alone, but for robust
 * rules. Whoever it serves is told of in a page that follows it.
 */
export const federationJob = defineJob({
  kind: 'federation',
  verb: 'federate serve',
  noun: 'federation',
  summary:
    'coordinate clients that join by WebSocket and train one model; the coordinator sees sums alone, unless a robust rule has to compare updates',
  configuration: federationConfigurationSchema,
  report: federationReportSchema,
  items: federationItemSchema,
  examples: [
    'biolens federate serve --roster roster.json --clients 5',
    'biolens federate serve --roster roster.json --clients 5 --rounds 50 --data mnist --host 0.0.0.0 --cert cert.pem --key key.pem',
    'biolens federate serve --roster roster.json --clients 20 --noise 1 --clip 0.5 --budget 8 --json',
    'biolens federate serve --roster roster.json --clients 10 --rule multi-krum --poisoned 2',
    'biolens federate serve --roster roster.json --clients 5 --flower link.example.org:8000 --flower-key node.pem --weigh-by 100',
  ],
  gateExample: 'accuracy<0.97',
  nameOf: ({ model }) => model,
  async *open(configuration, context) {
    const { openFederation } = await import('./served/open.ts');
    return yield* openFederation(configuration, context);
  },
  news: () => ({ tell: tellFederation }),
  describe: describeFederation,
  titleOf: ({ model, clients }) =>
    typeof model === 'string' && typeof clients === 'number' ? `${model} with ${clients} clients or more` : null,
  headline: ({ accuracy }) => ({ label: 'accuracy', metric: accuracy, unit: 'share', level: 'unknown' }),
});

/** What a coordinator says while it works. */
export type FederationEvent = JobEvent<FederationStep, FederationReport>;

/** Coordinates a federation as a run; see {@link startJob}. */
export const serveFederation = (
  input: FederationConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<FederationEvent, FederationReport> => startJob(federationJob, input, options);

/** Resumes a federation whose coordinator was interrupted or killed, in the middle of its round; see {@link resumeJob}. */
export const resumeFederation = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<FederationEvent, FederationReport> => resumeJob(federationJob, path, options);
