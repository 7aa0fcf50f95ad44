// Writes docs/reference.md from the declarations of the verbs; a test fails where it is not current.
import { resolve } from 'node:path';
import { buildProgram } from '../src/app/cli/main.ts';
import { writeReference } from '../src/app/cli/reference.ts';
import { JOBS } from '../src/app/jobs.ts';
import { writeAtomically } from '../src/ground/disk.ts';

const io = { out: () => {}, err: () => {}, interactive: false, columns: 80, env: {} };
const file = resolve(import.meta.dirname, '../docs/reference.md');
await writeAtomically(file, writeReference(buildProgram(io), JOBS));
