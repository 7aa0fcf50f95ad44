import type { Command } from 'commander';
import type { CliIo } from '../io.ts';
import { registerBenchBuild } from './bench-build.ts';
import { registerBenchCheck } from './bench-check.ts';
import { registerBenchResults } from './bench-results.ts';
import { registerBenchRun } from './bench-run.ts';

/** `biolens bench …` */
export function registerBench(program: Command, io: CliIo): void {
  const bench = program
    .command('bench')
    .description('what does a vision-language model understand of faces (FaceXBench)');
  bench.action(() => bench.outputHelp());
  registerBenchBuild(bench, io);
  registerBenchCheck(bench, io);
  registerBenchRun(bench, io);
  registerBenchResults(bench, io);
}
