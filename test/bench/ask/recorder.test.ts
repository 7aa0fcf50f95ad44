import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/ground/contracts/bench.ts';
import { createRecorder, OUTAGE } from '../../../src/jobs/bench/ask/recorder.ts';
import { memoryJournal } from './support.ts';

const reply: Answer = {
  question: 'q/0',
  model: 'm',
  setting: 'zero-shot',
  promptDigest: 'd',
  rotation: 0,
  repeat: 0,
  raw: 'A',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  cost: null,
  latencyMs: 1,
};
const failure = (n: number, kind = 'timeout'): Answer => ({
  ...reply,
  question: `q/${n}`,
  raw: null,
  error: { kind, message: `${kind}!` },
});

function start(answeredBefore = false) {
  const journal = memoryJournal();
  return { journal, recorder: createRecorder({ journal, answeredBefore, onRecorded() {} }) };
}

async function failTimes(recorder: ReturnType<typeof start>['recorder'], n: number, kind?: string): Promise<void> {
  for (let i = 1; i <= n; i++) await recorder.failed(failure(i, kind));
}

describe('errors of the endpoint', () => {
  test('wait for a reply, then are all recorded', async () => {
    const { journal, recorder } = start(true);
    await failTimes(recorder, OUTAGE - 1);
    expect(journal.answers).toEqual([]);
    await recorder.replied(reply);
    expect(journal.answers).toHaveLength(OUTAGE);
    await failTimes(recorder, OUTAGE - 1);
    await recorder.finish();
    expect(journal.answers).toHaveLength(2 * OUTAGE - 1);
  });

  test('are an outage when no reply comes between them, and leave nothing behind', async () => {
    const { journal, recorder } = start(true);
    await expect(failTimes(recorder, OUTAGE)).rejects.toMatchObject({ code: 'external' });
    expect(journal.answers).toEqual([]);
  });
});

describe('requests that are turned down', () => {
  test('are recorded at once, however many, where the endpoint has given a reply', async () => {
    const { journal, recorder } = start();
    await recorder.replied(reply);
    await failTimes(recorder, 3 * OUTAGE, 'bad-request');
    expect(journal.answers).toHaveLength(1 + 3 * OUTAGE);
  });

  test('stop the run where every one is', async () => {
    const { journal, recorder } = start();
    await expect(failTimes(recorder, OUTAGE, 'bad-request')).rejects.toThrow('questions in a row failed: bad-request!');
    expect(journal.answers).toEqual([]);
  });
});

test('what failed on this side is recorded whatever the endpoint does', async () => {
  const { journal, recorder } = start();
  await recorder.refusedHere(failure(1, 'input'));
  await recorder.finish();
  expect(journal.answers).toHaveLength(1);
});
