import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LintReport } from '../../ground/contracts/index.ts';
import { writeAtomically } from '../../ground/disk.ts';
import type { Benchmark } from '../../jobs/bench/index.ts';

export interface LintPageInput {
  readonly benchmark: Benchmark;
  /** As the user named it. */
  readonly source: string;
  readonly lint: LintReport;
}

/**
 * Writes the page of a benchmark that nobody has been asked yet: the linter's findings, and no scores.
 *
 * @throws {BiolensError} `input` where the file cannot be written, `external` where the pages have not been built.
 */
export async function writeLintPage(file: string, { benchmark, source, lint }: LintPageInput): Promise<void> {
  const [{ buildBenchReport }, { createRun }, { freezeRun }] = await Promise.all([
    import('../../jobs/bench/index.ts'),
    import('../../kit/runs/index.ts'),
    import('../pages/index.ts'),
  ]);
  const questions = await Array.fromAsync(benchmark.questions({ onProblem: () => {} }));
  const described = { source: resolve(source), format: benchmark.format };
  const report = buildBenchReport({ benchmark: described, questions, answers: [], lint, published: false });
  // A page belongs to a run, which nobody wants to keep here.
  const runsDir = await mkdtemp(join(tmpdir(), 'biolens-lint-'));
  try {
    const configuration = { from: described.source };
    const run = await createRun({ kind: 'bench', name: 'lint', configuration, runsDir, seed: 0 });
    await run.complete(report);
    await writeAtomically(file, await readFile(await freezeRun(run.path, { roots: [described.source] })));
  } finally {
    await rm(runsDir, { recursive: true, force: true });
  }
}
