import { auditRun, resumeAudit } from '../../../src/jobs/audit/index.ts';

/** Audits folders in a process of its own, to be killed: says each item that is on the disk on a line of standard output. */
const [mode, ...paths] = process.argv.slice(2);
const events =
  mode === 'resume'
    ? resumeAudit(paths[0] ?? '')
    : auditRun(
        { training: paths[0] ?? '', generated: paths[1] ?? '', permutations: 19, noFace: 'whole', device: 'cpu' },
        { runsDir: paths[2] },
      );
for await (const event of events) {
  if (event.type === 'run') console.log(`run ${event.path}`);
  else if (event.type === 'item' || event.type === 'skipped') console.log(`item ${event.set}/${event.file}`);
}
