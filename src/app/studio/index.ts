export { createStudio, type StudioOptions } from './server.ts';
export { type RunningStudio, type StartStudioOptions, startStudio } from './start-studio.ts';
