import type { Command } from 'commander';
import type { CliIo } from '../io.ts';
import { registerAudit } from './audit.ts';
import { registerBench } from './bench.ts';
import { registerDemo } from './demo.ts';
import { registerDiffusion } from './diffusion.ts';
import { registerFaces } from './faces.ts';
import { registerMitigate } from './mitigate.ts';
import { registerRuns } from './runs.ts';
import { registerStudio } from './studio.ts';
import { registerStudy } from './study.ts';

/** Adds every verb to the program. */
export function registerVerbs(program: Command, io: CliIo): void {
  registerAudit(program, io);
  registerMitigate(program, io);
  registerBench(program, io);
  registerDiffusion(program, io);
  registerFaces(program, io);
  registerRuns(program, io);
  registerStudy(program, io);
  registerStudio(program, io);
  registerDemo(program, io);
}
