import type { Command } from 'commander';
import { describeMitigation } from '../../../jobs/mitigation/describe.ts';
import type { Job } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR } from '../../../kit/runs/index.ts';
import { formatShare } from '../../../kit/text/wrap.ts';
import type { DEMO_SETS, DemoChapter } from '../../demo/index.ts';
import { DEMO_SEED } from '../../demo/seed.ts';
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

/** What a chapter of the tour does, in a line. */
function tellChapter(chapter: DemoChapter, { training, labelled }: typeof DEMO_SETS): string {
  const { n, duplicates } = training;
  switch (chapter) {
    case 'draw':
      return `Drawing faces: ${n} to train on, 80 % male, among them ${n * duplicates} copies of one image; a held-out set to measure by.`;
    case 'classify':
      return `Training a classifier of gender on ${labelled.n} labelled faces and measuring its errors; fitting an embedder that finds copies.`;
    case 'train':
      return 'Fine-tuning a small diffusion model of drawn faces, which comes with biolens, on the training set.';
    case 'mitigate':
      return 'Auditing it, fine-tuning it with rewards against copies and towards one half of each gender, auditing it again.';
    case 'quiz':
      return 'Asking the specialist a quiz about drawn faces, in the fourteen tasks of FaceXBench.';
  }
}

async function demo(options: DemoVerbOptions, io: CliIo, jobs: readonly Job[]): Promise<void> {
  const [{ runDemo, DEMO_SETS, DEMO_CHAPTERS }, { freezeRun }] = await Promise.all([
    import('../../demo/index.ts'),
    import('../../pages/index.ts'),
  ]);
  const { outcome, pages } = await work(io, async ({ signal, progress }) => {
    const tour = runDemo({ seed: options.seed, runsDir: options.runsDir, signal });
    let step = await tour.next();
    while (!step.done) {
      const event = step.value;
      if (event.type === 'progress') progress.update(event);
      else
        progress.note(
          `${DEMO_CHAPTERS.indexOf(event.chapter) + 1}/${DEMO_CHAPTERS.length}  ${tellChapter(event.chapter, DEMO_SETS)}`,
        );
      step = await tour.next();
    }
    const { training, mitigation, quiz } = step.value;
    const pages: Record<string, string> = {};
    for (const [name, { path }] of Object.entries({ training, mitigation, quiz })) {
      const onProgress = (done: number, total: number) =>
        progress.update({ stage: `writing the report of ${name}`, done, total });
      pages[name] = await freezeRun(path, { signal, onProgress, roots: [options.runsDir] });
    }
    return { outcome: step.value, pages };
  });
  const { mitigation, quiz, classifierAccuracy } = outcome;
  if (options.json) {
    printJson(io, {
      schema: 'biolens/demo@1',
      pages,
      classifierAccuracy,
      mitigation: mitigation.report,
      quiz: quiz.report.scores.map(({ model, overall }) => ({ model, overall })),
    });
  } else {
    const correct = quiz.report.scores[0]?.overall;
    io.out(
      `\n${describeMitigation(mitigation.report)}\n` +
        `Quiz: the specialist answers ${formatShare(correct)} of ${correct?.n ?? 0} questions rightly; guessing gets about a quarter.\n\n` +
        `${Object.entries(pages)
          .map(([name, page]) => `${name.padEnd(11)}${page}\n`)
          .join('')}`,
    );
  }
  if (options.serve && !io.env.CI)
    await serveStudio(
      { runsDir: options.runsDir, run: mitigation.path, open: options.open, root: ['.', options.runsDir], jobs },
      io,
    );
}

/** `biolens demo` */
export function registerDemo(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    addSeedOption(
      program
        .command('demo')
        .description(
          'a tour: draw faces, fine-tune a generator that then skews and copies, audit it, mitigate it, ask a quiz',
        ),
      DEMO_SEED,
    )
      .option('--runs-dir <dir>', 'where the run and the images go', DEFAULT_RUNS_DIR)
      .option('--json', 'print the result as JSON on standard output')
      .option('--no-serve', 'write the report and end, without the studio (so it is with CI=true)')
      .option('--no-open', 'do not open a browser'),
    'biolens demo',
  ).action((options: DemoVerbOptions) => demo(options, io, jobs));
}
