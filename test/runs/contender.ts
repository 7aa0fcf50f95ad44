// A process that tries to take a run when it is told to, says whether it got it, and holds it until its input is closed.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { openRun } from '../../src/kit/runs/index.ts';

const path = process.argv[2] ?? '';
writeSync(1, 'ready\n');
await once(process.stdin, 'data');
const run = await openRun(path).catch(() => null);
writeSync(1, run === null ? 'refused\n' : 'holds\n');
await once(process.stdin, 'end');
await run?.interrupt();
