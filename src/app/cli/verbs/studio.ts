import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_RUNS_DIR, withInterrupt } from '../../../kit/runs/index.ts';
import type { CliIo } from '../io.ts';
import { addExamples, wholeNumber } from '../options.ts';
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
  { runsDir, run, port, open, blur = false, json = false }: ServeOptions,
  io: CliIo,
): Promise<void> {
  const { startStudio } = await import('../../studio/index.ts');
  await withInterrupt(async signal => {
    const studio = await startStudio({ runsDir, blur, ...(port === undefined ? {} : { port }) });
    try {
      const url = run === undefined ? studio.url : studio.urlOf(basename(run));
      if (json) printJson(io, { schema: 'biolens/studio@1', url });
      else io.out(`Studio: ${url}\nCtrl-C ends it.\n`);
      if (open && io.interactive) openBrowser(url);
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    } finally {
      await studio.close();
    }
  });
}

/** `biolens studio` */
export function registerStudio(program: Command, io: CliIo): void {
  addExamples(
    program
      .command('studio')
      .description('show all runs in the browser, served on this machine alone')
      .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
      .option('--port <n>', 'port on 127.0.0.1 (default: a free one)', wholeNumber(1, 65_535))
      .option('--blur', 'blur every picture before it is sent, so that no face can be recognised')
      .option('--no-open', 'do not open a browser')
      .option('--json', 'print the address as JSON on standard output'),
    'biolens studio',
  ).action((options: ServeOptions) => serveStudio(options, io));
}
