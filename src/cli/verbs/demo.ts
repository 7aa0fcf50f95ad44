import type { Command } from 'commander';
import { DEFAULT_RUNS_DIR } from '../../runs/index.ts';
import { describeAudit } from '../describe-audit.ts';
import type { CliIo } from '../io.ts';
import { addExamples, addSeedOption } from '../options.ts';
import { printJson, work } from '../work.ts';
import { serveStudio } from './studio.ts';

interface DemoVerbOptions {
  readonly seed: number;
  readonly runsDir: string;
  readonly json?: boolean;
  readonly serve: boolean;
  readonly open: boolean;
}

async function demo(options: DemoVerbOptions, io: CliIo): Promise<void> {
  const [{ runDemo, DEMO_SETS }, { freezeRun }] = await Promise.all([
    import('../../demo/index.ts'),
    import('../../studio/index.ts'),
  ]);
  const { training, generated, copies } = DEMO_SETS;
  io.err(
    `biolens demo: ${training.n} drawn training faces, 70 % male; ${generated.n} "generated" ones, 88 % male,\n` +
      `of which ${copies} are altered copies of training faces. Does the audit see it?\n`,
  );
  const { outcome, page } = await work(io, async ({ signal, progress }) => {
    const tour = runDemo({ seed: options.seed, runsDir: options.runsDir, signal });
    let step = await tour.next();
    while (!step.done) {
      const event = step.value;
      if (event.type === 'progress' && 'part' in event)
        progress.update({ stage: `${event.part}: ${event.step}`, done: event.done, total: event.total });
      else if (event.type === 'progress') progress.update(event);
      else if ('done' in event) progress.update({ stage: 'reading faces', done: event.done, total: event.total });
      step = await tour.next();
    }
    const page = await freezeRun(step.value.path, {
      signal,
      onProgress: (done, total) => progress.update({ stage: 'writing the report', done, total }),
    });
    return { outcome: step.value, page };
  });
  const { report, path, planted, found, falseCalls } = outcome;
  if (options.json) printJson(io, { schema: 'biolens/demo@1', planted, found, falseCalls, page, report });
  else
    io.out(
      `\n${describeAudit(report)}\nFound ${found} of the ${planted} planted copies, with ${falseCalls} false calls.\nReport: ${page}\n`,
    );
  if (options.serve && !io.env.CI) await serveStudio({ runsDir: options.runsDir, run: path, open: options.open }, io);
}

/** `biolens demo` */
export function registerDemo(program: Command, io: CliIo): void {
  addExamples(
    addSeedOption(
      program
        .command('demo')
        .description('a tour: draw faces with planted copies and a skew, audit them, show the result'),
    )
      .option('--runs-dir <dir>', 'where the run and the pictures go', DEFAULT_RUNS_DIR)
      .option('--json', 'print the result as JSON on standard output')
      .option('--no-serve', 'write the report and end, without the studio (so it is with CI=true)')
      .option('--no-open', 'do not open a browser'),
    'biolens demo',
  ).action((options: DemoVerbOptions) => demo(options, io));
}
