export { JobHost, type JobHostOptions, type StartRequest } from './job-host.ts';
export { checkPermitted } from './permissions.ts';
