import { join } from 'node:path';
import { auditMedicalRun } from '../src/jobs/audit-medical/index.ts';

// A process of its own for bench/medical.ts: audits the volumes of a folder.
const [, , folder] = process.argv;
const [start, before] = [performance.now(), process.cpuUsage()];
const run = auditMedicalRun(
  { training: join(folder!, 'training'), generated: join(folder!, 'generated') },
  { runsDir: join(folder!, 'runs') },
);
let step = await run.next();
while (!step.done) step = await run.next();
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    cpu: (user + system) / 1e6,
    wall: (performance.now() - start) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit(0);
