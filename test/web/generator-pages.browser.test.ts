import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportPage } from '../../src/ground/contracts/index.ts';
import { type WatchedPage, whyNoBrowser } from '../browser.ts';
import { federatedPage, federationPage, hostileFederated, hostileFederation } from './federated-fixtures.ts';
import { HOSTILE } from './fixtures.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import {
  diffusionPage,
  hostileDiffusion,
  hostileMitigation,
  hostileStudy,
  mitigationPage,
  studyPage,
} from './generator-fixtures.ts';
import { findBarriers } from './page-checks.ts';
import { hostileSelection, selectionPage } from './selection-fixtures.ts';

const reason = whyNoBrowser();
const eventually = <T>(look: () => T | Promise<T>, message = '') => expect.poll(look, { timeout: 15_000, message });

interface Kind {
  readonly name: string;
  readonly page: () => ReportPage;
  readonly hostile: () => ReportPage;
  readonly title: string;
  readonly headings: readonly string[];
  readonly charts: number;
  readonly pictures: number;
}

const KINDS: readonly Kind[] = [
  {
    name: 'mitigation',
    page: mitigationPage,
    hostile: hostileMitigation,
    title: 'A face generator fine-tuned against copying and the skew of gender',
    headings: [
      'Verdict',
      'Before and after',
      'Targets',
      'Samples',
      'Distribution of people',
      'Copying',
      'Quality, and other ways',
      'Round by round',
      'Method and provenance',
    ],
    // Two attributes, the curves of similarity, and five curves over the rounds.
    charts: 8,
    // Two sheets and six more of the rounds, twelve pairs from the same noise, twelve nearest ones.
    pictures: 56,
  },
  {
    name: 'selection',
    page: selectionPage,
    hostile: hostileSelection,
    title: 'Samples of a generator, and those that were kept',
    headings: [
      'Verdict',
      'Before and kept',
      'Kept images',
      'Selection',
      'Distribution of people',
      'Method and provenance',
    ],
    // Two attributes.
    charts: 2,
    // The first 24 that were kept, and six pairs.
    pictures: 36,
  },
  {
    name: 'diffusion',
    page: diffusionPage,
    hostile: hostileDiffusion,
    title: 'A diffusion model trained on 700 images',
    headings: ['Key numbers', 'Samples', 'Loss', 'Method and provenance'],
    charts: 1,
    pictures: 4,
  },
  {
    name: 'study',
    page: studyPage,
    hostile: hostileStudy,
    title: 'Skew of gender and age group by the size of the training set, 300 to 5,000 images',
    headings: ['Verdict', 'Shares by size', 'Samples', 'Method and provenance'],
    // One class of gender, four age groups, and the amplification of both.
    charts: 7,
    pictures: 8,
  },
  {
    name: 'federate',
    page: federatedPage,
    hostile: hostileFederated,
    title: '2nn on mnist, 100 clients',
    headings: ['Key numbers', 'Rounds', 'Who could see what', 'Method and provenance'],
    // Accuracy and loss.
    charts: 2,
    pictures: 0,
  },
  {
    name: 'federation',
    page: federationPage,
    hostile: hostileFederation,
    title: '2nn, 6 clients',
    headings: ['Key numbers', 'Who takes part', 'Rounds', 'Who could see what', 'Method and provenance'],
    // Accuracy and ε.
    charts: 2,
    pictures: 0,
  },
];

describe.skipIf(reason !== null)(`pages of generators${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let pages: FrozenPages;
  beforeAll(async () => {
    pages = await openFrozenPages();
  });
  afterAll(() => pages?.close());
  const overflow = (page: Page): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const unfold = (opened: WatchedPage) =>
    opened.page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });

  test.each(KINDS)(
    '$name: every section, chart and picture, no number that is none, no barrier in any look',
    async kind => {
      await pages.visit(kind.page(), async opened => {
        const { page } = opened;
        expect(await page.title()).toBe(`${kind.title} · biolens`);
        expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(kind.title);
        expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual(kind.headings);
        await eventually(() => page.locator('.chart svg').count()).toBe(kind.charts);
        await unfold(opened);
        expect(await page.locator('main').innerText()).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
        const images = page.locator('main img');
        expect(await images.count()).toBe(kind.pictures);
        await images.evaluateAll(all => {
          for (const image of all) image.setAttribute('loading', 'eager');
        });
        const loaded = () =>
          images.evaluateAll(all =>
            all.every(image => image instanceof HTMLImageElement && image.complete && image.naturalWidth > 0),
          );
        await eventually(loaded).toBe(true);

        for (const [colorScheme, width] of [
          ['light', 1280],
          ['dark', 1280],
          ['light', 400],
        ] as const) {
          const look = `${colorScheme}, ${width} px`;
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          expect(await findBarriers(page), look).toEqual([]);
          await eventually(() => overflow(page), look).toBe(0);
        }
      });
    },
  );

  test.each(KINDS)('$name: strings of strangers are inert and in sight', async ({ hostile }) => {
    await pages.visit(hostile(), async opened => {
      await unfold(opened);
      const { page } = opened;
      expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
      expect(await page.locator('main img[src="x"]').count()).toBe(0);
      expect(await page.locator('main').innerText()).toContain(HOSTILE.script);
      expect(await overflow(page)).toBe(0);
    });
  });
});
