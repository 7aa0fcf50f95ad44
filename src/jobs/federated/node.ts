export { makeKeyFile, readRosterFile } from './coordinator/files/node.ts';
export { type JoinOptions, joinFederation } from './coordinator/join/node.ts';
export { type JoinMnistOptions, joinMnist } from './coordinator/mnist/node.ts';
export { type Coordinator, type PlayedRound, type ServeOptions, startCoordinator } from './coordinator/serve/node.ts';
export {
  type FederationEvent,
  federationJob,
  resumeFederation,
  resumeSimulation,
  type SimulationEvent,
  serveFederation,
  simulateFederation,
  simulationJob,
} from './job.ts';
export { nodePrimitives } from './secure/node.ts';
