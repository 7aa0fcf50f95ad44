import { trainRun } from '../../src/jobs/generators/index.ts';

/** Trains as told by its arguments (configuration and folder of runs, as JSON) and says each step; a test kills it. */
const [configuration, runsDir] = process.argv.slice(2);
for await (const event of trainRun(JSON.parse(configuration!), { runsDir, name: 'killed' }))
  if (event.type === 'step') process.stdout.write(`${event.done}\n`);
