import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuditVideoReport,
  auditVideoReportSchema,
  missingMetric,
  type ReportPage,
  reportPageSchema,
} from '../../src/ground/contracts/index.ts';
import { whyNoBrowser } from '../browser.ts';
import { HOSTILE, runRecord, share } from './fixtures.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import { drawnSheet } from './generator-fixtures.ts';
import { findBarriers } from './page-checks.ts';

const FRAMES = 20;
const NO_TEST = {
  p: null,
  statistic: 'mean top-1 similarity',
  observed: null,
  permutations: 0,
  reason: 'needs a held-out set',
};

function reportOf(generated: string, training: string): AuditVideoReport {
  const called = { training, similarity: 0.96, pValue: 1e-6, qValue: 1e-5, copy: true };
  const question = {
    threshold: 0.9,
    calibration: { source: 'training-to-training', pairs: 400, method: 'tail-fit' },
    control: 'tail of real pairs',
    callable: 0.93,
    copied: share(1, 2),
    permutation: NO_TEST,
  };
  const pair = {
    ...called,
    generated,
    content: 0.96,
    motion: 0.91,
    clipScore: 0.95,
    pairScore: 0.99,
    nearestMotion: called,
  };
  const clip = (side: string) => ({
    sheet: `artifacts/clips/0-${side}.webp`,
    columns: 8,
    width: 120,
    height: 68,
    seconds: Array.from({ length: FRAMES }, (_, i) => 1 + i / 8),
    // Everything moves by half a cell to the right.
    flow: Buffer.from(Int8Array.from({ length: FRAMES * 128 }, (_, i) => (i % 2 === 0 ? 16 : 0)).buffer).toString(
      'base64',
    ),
  });
  return auditVideoReportSchema.parse({
    schema: 'biolens/audit-video@1',
    sets: {
      training: { source: '/data/clips', files: 21, n: 20, still: 0, seconds: 80 },
      generated: { source: '/data/samples', files: 2, n: 2, still: 1, seconds: 7 },
      heldout: null,
    },
    settings: { embedder: { name: 'appearance', width: 300 }, rate: 1, motionRate: 8, window: 2 },
    verdict: [{ subject: 'copies', level: 'bad', headline: `1 of 2 clips: ${generated}`, certainty: 'Known.' }],
    replication: {
      ...question,
      falseMatchRate: 1e-4,
      falseDiscoveryRate: 0.05,
      heldoutOverlap: missingMetric('needs a held-out set'),
      duplicates: share(0, 20),
      motion: question,
      pairs: [
        {
          ...pair,
          spans: [{ generated: [1.2, 3.1], training: [0.4, 2.9], similarity: 0.95, speed: 1.3, reversed: true }],
        },
        { ...pair, generated: 'other.mp4', copy: false, motion: null, nearestMotion: null, spans: [] },
      ],
    },
    truth: null,
    shown: [
      {
        generated,
        training,
        why: 'content',
        matched: [4, 15],
        clips: { generated: clip('generated'), training: clip('training') },
      },
    ],
    skipped: [{ set: 'training', file: training, reason: generated }],
  });
}

const pageOf = (report: AuditVideoReport): ReportPage =>
  reportPageSchema.parse({
    run: runRecord({ kind: 'audit-video' }),
    report,
    itemsDone: 22,
    images: {
      'run/artifacts/clips/0-generated.webp': drawnSheet('generated', 8, 3),
      'run/artifacts/clips/0-training.webp': drawnSheet('training', 8, 3),
    },
    blurred: false,
  });

const reason = whyNoBrowser();
describe.skipIf(reason !== null)(
  `the page of an audit of videos${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let pages: FrozenPages;
    beforeAll(async () => {
      pages = await openFrozenPages();
    });
    afterAll(() => pages?.close());
    const page = pageOf(reportOf('walk.mp4', 'street/04.mp4'));

    test('plays both clips in step, marks what matched, and draws motion', async () => {
      await pages.visit(page, async ({ page: opened }) => {
        expect(await opened.title()).toBe('samples against clips · biolens');
        expect(await opened.locator('main').innerText()).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
        const frames = opened.locator('.clip-frame');
        expect(await frames.count()).toBe(2);
        const labels = () => frames.evaluateAll(all => all.map(frame => frame.getAttribute('aria-label')));
        // It begins where the match does.
        expect(await labels()).toEqual(['Generated clip, frame at 1.50 s', 'Training clip, frame at 1.50 s']);
        expect(await opened.locator('.clip-frame.matched').count()).toBe(2);
        await opened.getByLabel('Moment').fill('19');
        expect(await labels()).toEqual(['Generated clip, frame at 3.38 s', 'Training clip, frame at 3.38 s']);
        expect(await opened.locator('.clip-frame.matched').count()).toBe(0);
        expect(await opened.locator('.clip-flow').count()).toBe(0);
        await opened.getByLabel('Show motion').check();
        expect(await opened.locator('.clip-flow').count()).toBe(2);
        await opened.getByRole('button', { name: 'Play' }).click();
        await expect.poll(async () => (await labels())[0]).not.toBe('Generated clip, frame at 3.38 s');
        await opened.getByRole('button', { name: 'Pause' }).click();
      });
    });

    test.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 390],
      ['dark', 390],
    ] as const)('has no barrier and no sideways scroll: %s, %d px', async (colorScheme, width) => {
      await pages.visit(
        page,
        async ({ page: opened }) => {
          await opened.getByLabel('Show motion').check();
          expect(await findBarriers(opened)).toEqual([]);
          expect(await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
        },
        { colorScheme, width },
      );
    });

    test('strings of strangers are inert and in sight', async () => {
      await pages.visit(pageOf(reportOf(HOSTILE.script, HOSTILE.script)), async ({ page: opened }) => {
        expect(await opened.evaluate(() => 'hacked' in window)).toBe(false);
        expect(await opened.locator('main').innerText()).toContain(HOSTILE.script);
        expect(await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
      });
    });
  },
);
