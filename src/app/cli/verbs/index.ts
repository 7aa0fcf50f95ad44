import type { Command } from 'commander';
import type { Job } from '../../../kit/job/index.ts';
import type { CliIo } from '../io.ts';
import { registerJob } from '../job-verb.ts';
import { registerBenchBuild } from './bench-build.ts';
import { registerBenchCheck } from './bench-check.ts';
import { registerBenchFetch } from './bench-fetch.ts';
import { registerBenchResults } from './bench-results.ts';
import { registerCache } from './cache.ts';
import { registerDemo } from './demo.ts';
import { registerSample } from './diffusion-sample.ts';
import { registerFaces } from './faces.ts';
import { registerServe } from './federate.ts';
import { registerFederateFlower } from './federate-flower.ts';
import { registerGallery } from './gallery.ts';
import { registerMcp } from './mcp.ts';
import { registerPrivacyAccount } from './privacy-account.ts';
import { registerPrivacyRelease } from './privacy-release.ts';
import { registerRuns } from './runs.ts';
import { registerRunsCompare } from './runs-compare.ts';
import { registerSchema } from './schema.ts';
import { registerStudio } from './studio.ts';
import { registerTemplateMatch } from './template-match.ts';

/** Adds every verb to the program: those of the jobs, made from their declarations, and the others. */
export function registerVerbs(program: Command, io: CliIo, jobs: readonly Job[]): void {
  for (const job of jobs) registerJob(program, job, io);
  registerBenchBuild(program, io);
  registerBenchFetch(program, io);
  registerBenchCheck(program, io);
  registerBenchResults(program, io);
  registerSample(program, io);
  registerFaces(program, io);
  registerPrivacyAccount(program, io);
  registerPrivacyRelease(program, io);
  registerServe(program, io);
  registerRuns(program, io, jobs);
  registerRunsCompare(program, io, jobs);
  registerCache(program, io);
  registerSchema(program, io, jobs);
  registerMcp(program, io, jobs);
  registerTemplateMatch(program, io);
  registerFederateFlower(program, io);
  registerGallery(program, io);
  registerStudio(program, io, jobs);
  registerDemo(program, io, jobs);
}
