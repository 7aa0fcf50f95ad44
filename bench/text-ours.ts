import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A process of its own for bench/text.ts: audits texts against a corpus with what an installation has, the compiled package.
const [, , training, generated] = process.argv;
const { auditTextRun } = (await import(
  '../dist/jobs/audit-text/index.js' as string
)) as typeof import('../src/jobs/audit-text/index.ts');
const runsDir = mkdtempSync(join(tmpdir(), 'biolens-text-run-'));
const [start, before] = [performance.now(), process.cpuUsage()];
const run = auditTextRun({ training: training!, generated: generated! }, { runsDir });
let step = await run.next();
while (!step.done) step = await run.next();
const { user, system } = process.cpuUsage(before);
const wall = (performance.now() - start) / 1000;
rmSync(runsDir, { recursive: true, force: true });
console.log(
  JSON.stringify({
    cpu: (user + system) / 1e6,
    wall,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    runs: step.value.runs.length + step.value.moreRuns,
  }),
);
process.exit(0);
