export { type RunCommandOptions, runCommand } from './run-command.ts';
export { splitCommand } from './split-command.ts';
