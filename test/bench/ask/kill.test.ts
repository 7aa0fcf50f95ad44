import { test } from 'vitest';
import { runKillTest } from './kill.ts';

test('500 questions to a server with every fault, killed three times: each answered once, none lost', async () => {
  await runKillTest({
    questions: 500,
    kills: 3,
    concurrency: 48,
    timeoutMs: 300,
    server: { seed: 11, delayMs: 5, faultShare: 0.3, brokenShare: 0.02, retryAfterSeconds: 0.02 },
  });
});
