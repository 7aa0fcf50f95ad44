// Writes the JSON Schemas of every job into dist/schemas/, so that the package carries them.
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { JOBS } from '../src/app/jobs.ts';
import { schemasOf } from '../src/kit/job/index.ts';

const folder = resolve(import.meta.dirname, '../dist/schemas');
await mkdir(folder, { recursive: true });
for (const job of JOBS)
  await writeFile(resolve(folder, `${job.kind}.json`), `${JSON.stringify(schemasOf(job), null, 2)}\n`);
