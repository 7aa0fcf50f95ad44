import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Job } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, withInterrupt } from '../../../kit/runs/index.ts';
import type { CliIo } from '../io.ts';
import { addExamples, rootOption, wholeNumber } from '../options.ts';
import { printJson } from '../work.ts';

interface ServeOptions {
  readonly runsDir: string;
  /** Run to open at. */
  readonly run?: string;
  readonly port?: number;
  readonly open: boolean;
  /** No face that leaves the server can be recognised. */
  readonly blur?: boolean;
  readonly json?: boolean;
  /** Only show; start nothing. */
  readonly readOnly?: boolean;
  /** Folders that jobs may use; the current one by default. */
  readonly root?: readonly string[];
  readonly jobs: readonly Job[];
}

/** Opens the system's browser, where there is one; a machine without is no error. */
function openBrowser(url: string): void {
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

/** Serves the studio until it is interrupted. */
export async function serveStudio(
  { runsDir, run, port, open, blur = false, json = false, readOnly = false, root = [], jobs }: ServeOptions,
  io: CliIo,
): Promise<void> {
  const [{ startStudio }, { JobHost }] = await Promise.all([
    import('../../studio/index.ts'),
    import('../../host/index.ts'),
  ]);
  const roots = root.length === 0 ? ['.'] : root;
  const host = readOnly ? undefined : new JobHost({ jobs, runsDir, roots, models: null, environment: io.env, blur });
  await withInterrupt(async signal => {
    const studio = await startStudio({
      runsDir,
      blur,
      roots,
      ...(port === undefined ? {} : { port }),
      ...(host === undefined ? {} : { host }),
    });
    try {
      const url = run === undefined ? studio.url : studio.urlOf(basename(run));
      if (json) printJson(io, { schema: 'biolens/studio@1', url });
      else io.out(`Studio: ${url}\nCtrl-C ends it.\n`);
      if (open && io.interactive) openBrowser(url);
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await studio.close();
      await host?.close();
    }
  });
}

/** `biolens studio` */
export function registerStudio(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    program
      .command('studio')
      .description('show all runs in the browser and start new ones, served on this machine alone')
      .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
      .option('--port <n>', 'port on 127.0.0.1 (default: a free one)', wholeNumber(1, 65_535))
      .option('--read-only', 'only show runs: nothing can be started')
      .addOption(rootOption())
      .option('--blur', 'blur every image before it is sent, so that no face can be recognised')
      .option('--no-open', 'do not open a browser')
      .option('--json', 'print the address as JSON on standard output'),
    'biolens studio',
  ).action((options: Omit<ServeOptions, 'jobs'>) => serveStudio({ ...options, jobs }, io));
}
