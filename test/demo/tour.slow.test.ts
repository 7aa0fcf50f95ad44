import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DEMO_SEED, DEMO_SETS, type DemoEvent, runDemo } from '../../src/app/demo/index.ts';
import { frechetChange } from '../../src/jobs/mitigation/quality-change.ts';

const made: string[] = [];
afterAll(() => Promise.all(made.map(folder => rm(folder, { recursive: true, force: true }))));

// About 5 minutes on two idle cores of an AMD EPYC.
test('the tour finds the planted copies before and none after, and tells quality as it is', {
  timeout: 1_800_000,
}, async () => {
  const runsDir = await mkdtemp(join(tmpdir(), 'biolens-tour-'));
  made.push(runsDir);
  const events: DemoEvent[] = [];
  const tour = runDemo({ seed: DEMO_SEED, runsDir });
  let step = await tour.next();
  while (!step.done) {
    events.push(step.value);
    step = await tour.next();
  }
  const { before, after, verdict, model } = step.value.mitigation.report;

  expect(model.width).toBeGreaterThanOrEqual(32);
  // What was planted: one image, half of the training set; copies shifted by a pixel may be clusters of their own.
  const { clusters, share: repeated } = before.replication.duplicates;
  const planted = clusters.flatMap(({ files }) => files);
  expect(Math.abs((repeated.value ?? 0) - DEMO_SETS.training.duplicates)).toBeLessThan(0.03);
  const called = before.replication.pairs.filter(pair => pair.copy);
  expect(called.length).toBeGreaterThan(10);
  expect(called.every(pair => planted.includes(pair.training))).toBe(true);
  expect(before.goals.find(({ goal }) => goal === 'replication')?.holds).toBe(false);
  expect(after.replication.pairs.filter(pair => pair.copy)).toHaveLength(0);

  const share = (side: typeof before): number => {
    const { corrected, generated } = side.bias.attributes.gender!;
    return (corrected?.generated ?? generated).male?.value ?? Number.NaN;
  };
  expect(share(before)).toBeGreaterThan(0.6);
  expect(Math.abs(share(after) - 0.5)).toBeLessThan(Math.abs(share(before) - 0.5) / 2);

  const quality = verdict.find(({ subject }) => subject === 'quality');
  const change = frechetChange(before, after);
  if (change.interval!.low > 0) {
    expect(['bad', 'warning']).toContain(quality?.level);
    for (const { level, headline } of verdict) if (level === 'good') expect(headline).toMatch(/quality/);
  } else expect(quality).toBeDefined();

  // Every stage has a name of its own: none begins again after another began.
  const stages = events.flatMap(event => (event.type === 'progress' ? [event.stage] : []));
  const begun = stages.filter((stage, i) => stage !== stages[i - 1]);
  expect(begun).toEqual([...new Set(begun)]);
});
