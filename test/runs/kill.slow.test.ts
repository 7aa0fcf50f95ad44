import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRun, findRun } from '../../src/kit/runs/index.ts';
import { killAndResume } from './kill-and-resume.ts';

test('killed 300 times at random instants, no item is lost or repeated', async () => {
  const runsDir = mkdtempSync(join(tmpdir(), 'biolens-kill-'));
  try {
    const run = await createRun({ kind: 'audit', configuration: {}, seed: 1, runsDir });
    await run.interrupt();
    const target = 400_000;
    const { kills, hitWrites, lost, numbers } = await killAndResume(run, { target, kills: 300 });
    expect({ kills, lost }).toEqual({ kills: 300, lost: 0 });
    // Otherwise the kills fell where nothing could go wrong.
    expect(hitWrites).toBeGreaterThan(30);
    expect(numbers).toEqual(Array.from({ length: target }, (_, i) => i));
    expect((await findRun(run.id, runsDir)).record.status).toBe('done');
  } finally {
    rmSync(runsDir, { recursive: true, force: true });
  }
});
