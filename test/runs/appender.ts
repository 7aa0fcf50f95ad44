// A process that appends numbered items to a run until there are enough, saying which ones are on the disk; the test kills it.
import { writeSync } from 'node:fs';
import { z } from 'zod';
import { openRun, withInterrupt } from '../../src/runs/index.ts';

const [path, target] = [process.argv[2] ?? '', Number(process.argv[3])];
const run = await openRun(path);
await withInterrupt(async signal => {
  let next = 0;
  for await (const item of run.items(z.object({ number: z.number() }))) next = item.number + 1;
  while (next < target && !signal.aborted) {
    const batch = Array.from({ length: Math.min(7, target - next) }, (_, i) => next + i);
    await Promise.all(batch.map(number => run.append({ number, filler: 'x'.repeat(number % 300) })));
    next += batch.length;
    writeSync(1, `${next - 1}\n`);
  }
  if (signal.aborted) {
    await run.interrupt();
    process.exitCode = 130;
  } else await run.complete({ count: next });
});
