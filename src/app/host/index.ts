export { checkInsideRoots } from './inside-roots.ts';
export { JobHost, type JobHostOptions, type StartRequest } from './job-host.ts';
