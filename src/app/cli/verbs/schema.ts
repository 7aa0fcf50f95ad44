import type { Command } from 'commander';
import { type Job, schemasOf } from '../../../kit/job/index.ts';
import { findJob } from '../../jobs.ts';
import type { CliIo } from '../io.ts';
import { addExamples } from '../options.ts';
import { printJson } from '../work.ts';

/** `biolens schema` */
export function registerSchema(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    program
      .command('schema')
      .description('JSON Schemas of what a job reads and writes: configuration, report, result, item')
      .argument('[kind]', `kind of job: ${jobs.map(({ kind }) => kind).join(', ')} (default: all)`),
    'biolens schema audit > audit.schema.json',
  ).action((kind: string | undefined) =>
    printJson(io, kind === undefined ? jobs.map(schemasOf) : schemasOf(findJob(kind, jobs))),
  );
}
