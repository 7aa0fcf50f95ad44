// A process that gives a run its numbered items until all are there, saying which ones are on the disk; the test kills it.
import { writeSync } from 'node:fs';
import { z } from 'zod';
import { BiolensError } from '../../src/ground/errors.ts';
import { openRun, resumeItems, withInterrupt } from '../../src/kit/runs/index.ts';

const [path, target] = [process.argv[2] ?? '', Number(process.argv[3])];
const run = await openRun(path);
await withInterrupt(async signal => {
  const events = resumeItems({
    run,
    schema: z.object({ number: z.number() }),
    keys: Array.from({ length: target }, (_, number) => String(number)),
    keyOf: ({ number }) => String(number),
    signal,
    async *work(left) {
      for (let at = 0; at < left.length; at += 7) {
        yield left.slice(at, at + 7).map(key => ({ number: Number(key), filler: 'x'.repeat(Number(key) % 300) }));
        // The event loop must turn for a signal to be heard.
        await new Promise(resolve => setImmediate(resolve));
      }
    },
  });
  try {
    for await (const { batch } of events) {
      const last = batch.at(-1);
      if (last !== undefined) writeSync(1, `${last.number}\n`);
    }
    await run.complete({ count: target });
  } catch (error) {
    if (!(error instanceof BiolensError && error.code === 'interrupted')) throw error;
    await run.interrupt();
    process.exitCode = error.exitCode;
  }
});
