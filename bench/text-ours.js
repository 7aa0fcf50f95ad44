import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A process of its own for bench/text.ts: audits texts against a corpus with what an installation has, the compiled package. Plain JavaScript, because what strips
// types from a script takes some 20 MB of memory.
const [, , training, generated, workers] = process.argv;
const { auditTextRun } = await import('../dist/jobs/audit-text/index.js');
const runsDir = mkdtempSync(join(tmpdir(), 'biolens-text-run-'));
const [start, before] = [performance.now(), process.cpuUsage()];
const threads = workers === undefined ? {} : { workers: Number(workers) };
const run = auditTextRun({ training, generated, ...threads }, { runsDir });
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
