import type { Command } from 'commander';
import type { Job } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, withInterrupt } from '../../../kit/runs/index.ts';
import type { CliIo } from '../io.ts';
import { addExamples, repeated, rootOption } from '../options.ts';

interface McpOptions {
  readonly runsDir: string;
  readonly root: readonly string[];
  readonly model: readonly string[];
}

/** `biolens mcp` */
export function registerMcp(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    program
      .command('mcp')
      .description(
        'lend jobs, reports and face tools to an assistant: a server of the Model Context Protocol on standard input and output',
      )
      .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
      .addOption(rootOption())
      .addOption(
        repeated(
          '--model <model>',
          'model behind a server that images of a benchmark may be sent to, such as ollama:llava; may be repeated',
        ),
      ),
    'biolens mcp --root ~/faces',
  ).action(async ({ runsDir, root, model: models }: McpOptions) => {
    const { serveMcp } = await import('../../mcp/index.ts');
    const roots = root.length === 0 ? ['.'] : root;
    await withInterrupt(signal => serveMcp({ jobs, runsDir, roots, models, environment: io.env, signal }));
  });
}
