export { type JoinOptions, joinFederation } from './coordinator/join/node.ts';
export {
  type JoinMnistOptions,
  joinMnist,
  makeKeyFile,
  readRosterFile,
  type ServedRound,
  type ServeMnistOptions,
  serveMnist,
} from './coordinator/mnist/node.ts';
export { type Coordinator, type PlayedRound, type ServeOptions, startCoordinator } from './coordinator/serve/node.ts';
export { resumeSimulation, type SimulationEvent, simulateFederation, simulationJob } from './job.ts';
export { nodePrimitives } from './secure/node.ts';
