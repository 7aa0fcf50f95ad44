import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { benchRun, resumeBench } from '../../../src/jobs/bench/index.ts';

/** One stretch of a bench run by batches, to be killed: goes on with the run in the folder, or starts one there. */
const { runsDir, ...configuration } = z
  .object({ runsDir: z.string(), from: z.string(), model: z.string(), base: z.string() })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const { base, ...rest } = configuration;
const fetch: typeof globalThis.fetch = (input, init) =>
  globalThis.fetch(String(input).replace(/^https:\/\/[^/]+/, base), init);
const [id] = readdirSync(runsDir);
const options = { fetch, environment: process.env };
const events =
  id === undefined
    ? benchRun({ ...rest, batch: true, pollMs: 20, lint: false }, { ...options, runsDir })
    : resumeBench(join(runsDir, id), options);
for await (const event of events) process.stdout.write(`${event.type}\n`);
