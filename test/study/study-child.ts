import { studyRun } from '../../src/jobs/study/index.ts';

// Runs a study and writes each event as a line, for a test that kills this process.
const [input = '{}', runsDir = ''] = process.argv.slice(2);
for await (const event of studyRun(JSON.parse(input), { runsDir })) {
  const { type } = event;
  process.stdout.write(`${JSON.stringify(type === 'result' ? { type } : event)}\n`);
}
