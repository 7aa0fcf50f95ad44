import { test } from 'vitest';
import { runKillTest } from './kill.ts';

test('5,000 questions to a server with every fault, killed three times: each answered once, none lost', async () => {
  await runKillTest({
    questions: 5000,
    kills: 3,
    concurrency: 64,
    timeoutMs: 2000,
    server: { seed: 12, delayMs: 50, faultShare: 0.2, brokenShare: 0.01, retryAfterSeconds: 0.1 },
  });
});
