import { mitigationRun } from '../../src/jobs/mitigation/index.ts';

/** Mitigates as told by its arguments (configuration and folder of runs, as JSON) and says each event; a test kills it. */
const [configuration, runsDir] = process.argv.slice(2);
for await (const event of mitigationRun(JSON.parse(configuration!), { runsDir }))
  if (event.type !== 'result') process.stdout.write(`${JSON.stringify(event)}\n`);
