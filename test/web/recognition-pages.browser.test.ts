import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRunPage } from '../../src/app/pages/run-page.ts';
import { anyReportSchema, type ReportPage } from '../../src/ground/contracts/index.ts';
import { templateAttackRun, templateRun } from '../../src/jobs/templates/job.ts';
import { identificationRun, verificationRun } from '../../src/jobs/verification/job.ts';
import { findRun } from '../../src/kit/runs/index.ts';
import { whyNoBrowser } from '../browser.ts';
import { drawPeople, writePeople } from '../verification/people.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import { findBarriers, findViolations, LOOKS } from './page-checks.ts';

const reason = whyNoBrowser();
const eventually = <T>(look: () => T | Promise<T>, message = '') => expect.poll(look, { timeout: 15_000, message });
const HOSTILE = '<img src=x onerror=alert(1)>\u202egnp';

/** Pages of real runs on drawn embeddings, each made when it is first asked for; a name among the people tries everything. */
class Runs {
  readonly folder = mkdtempSync(join(tmpdir(), 'biolens-recognition-'));
  readonly #made = new Map<string, Promise<ReportPage>>();

  page(kind: string, start: (options: { runsDir: string }) => AsyncGenerator<unknown, unknown>): Promise<ReportPage> {
    const made = this.#made.get(kind) ?? this.#make(kind, start);
    this.#made.set(kind, made);
    return made;
  }

  async #make(kind: string, start: (options: { runsDir: string }) => AsyncGenerator<unknown, unknown>) {
    const runsDir = join(this.folder, kind);
    const events = start({ runsDir });
    for (;;) {
      const { done, value } = await events.next();
      if (done) return readRunPage(await findRun('latest', runsDir), anyReportSchema.parse(value));
    }
  }
}

const pathsOf = ({ embeddings, labels }: { readonly embeddings: string; readonly labels: string }) => ({
  embeddings,
  labels,
});

/** Where screenshots go for someone to look at; nowhere by default. */
const shots = process.env.BIOLENS_SHOTS;

describe.skipIf(reason !== null)(`pages of recognition and protection${reason === null ? '' : ` (${reason})`}`, () => {
  const runs = new Runs();
  let pages: FrozenPages;
  let people: { embeddings: string; labels: string };
  let strangers: { embeddings: string; labels: string };
  let enrolled: { embeddings: string; labels: string };
  let probes: { embeddings: string; labels: string };
  beforeAll(async () => {
    const drawn = drawPeople({ people: 24, each: 3, noise: 1 });
    const identities = drawn.identities.map(name => (name === 'p3' ? HOSTILE : name));
    const gender = drawn.identities.map((_, i) => (Math.floor(i / 3) % 2 === 0 ? 'f' : 'm'));
    people = pathsOf(await writePeople({ ...drawn, identities }, { gender }));
    strangers = pathsOf(await writePeople(drawPeople({ people: 40, each: 1, seed: 9, noise: 0, prefix: 'q' })));
    // 24 people are enrolled with an image each; another one of them, and of ten more, is searched for.
    const both = drawPeople({ people: 34, each: 2, noise: 1 });
    const some = (wanted: (person: number, image: number) => boolean) => {
      const rows = both.identities.flatMap((_, i) => (wanted(Math.floor(i / 2), i % 2) ? [i] : []));
      const { cols, data } = both.matrix;
      const own = Float32Array.from(rows.flatMap(i => [...data.subarray(i * cols, (i + 1) * cols)]));
      return writePeople({
        matrix: { rows: rows.length, cols, data: own },
        identities: rows.map(i => both.identities[i]!),
      });
    };
    enrolled = await some((person, image) => person < 24 && image === 0);
    probes = await some((_, image) => image === 1);
    pages = await openFrozenPages();
  });
  afterAll(async () => {
    await pages?.close();
    rmSync(runs.folder, { recursive: true, force: true });
  });
  const protection = () => ({ ...people, centre: strangers.embeddings, targets: 2, budget: 40 });

  const KINDS = [
    {
      kind: 'verification',
      run: (options: { runsDir: string }) => verificationRun({ ...people, group: 'gender', groupPeople: 5 }, options),
      title: /^Equal error rate .* among 24 people$/,
      headings: ['Verdict', 'Key numbers', 'Error rates', 'Identification', 'By gender', 'Hardest people and pairs'],
      charts: 3,
    },
    {
      kind: 'identification',
      run: (options: { runsDir: string }) =>
        identificationRun(
          {
            gallery: enrolled.embeddings,
            galleryLabels: enrolled.labels,
            probes: probes.embeddings,
            probeLabels: probes.labels,
          },
          options,
        ),
      title: /in a gallery of 24 people$/,
      headings: ['Verdict', 'Identification', 'Strangers'],
      charts: 1,
    },
    {
      kind: 'protection',
      run: (options: { runsDir: string }) =>
        templateRun({ ...protection(), keys: 1, schemes: ['biohash', 'salting'] }, options),
      title: /^Template protection by 2 schemes on 24 people$/,
      headings: ['Verdict', 'What protection costs', 'Claims', 'BioHash', 'Salting'],
      // For each scheme its error rates, scores with and without protection, and linkability.
      charts: 8,
    },
    {
      kind: 'attacks',
      run: (options: { runsDir: string }) => templateAttackRun({ ...protection(), schemes: ['biohash'] }, options),
      title: /^Attacks on templates by 1 scheme on 24 people$/,
      headings: ['Verdict', 'Attacks'],
      charts: 0,
    },
  ] as const;

  describe.each(KINDS)('$kind', ({ kind, run, title, headings, charts }) => {
    test('is whole, light and dark, 390 and 1280 pixels', { timeout: 120_000 }, async () => {
      await pages.visit(await runs.page(kind, run), async ({ page }) => {
        expect(await page.getByRole('heading', { level: 1 }).innerText()).toMatch(title);
        const found = await page.getByRole('heading', { level: 2 }).allInnerTexts();
        for (const heading of headings)
          expect(
            found.some(text => text.includes(heading)),
            heading,
          ).toBe(true);
        await eventually(() =>
          page.locator('figure svg[role="img"], figure [role="img"]').count(),
        ).toBeGreaterThanOrEqual(charts);
        expect(await page.locator('img[src="x"]').count()).toBe(0);
        for (const { colorScheme, width, rules } of LOOKS) {
          const look = `${colorScheme}, ${width} pixels`;
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          expect(await findBarriers(page), look).toEqual([]);
          expect(await findViolations(page, rules), look).toEqual([]);
          await eventually(
            () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
            look,
          ).toBeLessThanOrEqual(0);
          if (shots !== undefined)
            await page.screenshot({ path: join(shots, `${kind}-${colorScheme}-${width}.png`), fullPage: true });
        }
      });
    });
  });

  test('the page of a protection says what each claim rests on, and what each attack reached', async () => {
    await pages.visit(await runs.page('protection', KINDS[2].run), async ({ page }) => {
      const claims = page.getByRole('region', { name: 'Claims' });
      expect(await claims.getByRole('table').count()).toBe(4);
      expect(await claims.innerText()).toContain('test/templates/claims.test.ts');
      // Two schemes and four modes of matching under encryption, and the heading.
      expect(await claims.getByRole('table').first().getByRole('row').count()).toBe(7);
      const attacks = page.getByRole('table', { name: /^Attacks on BioHash/ });
      expect(await attacks.getByRole('row').count()).toBe(10);
      expect(await attacks.innerText()).toMatch(/Hill climbing on accept or reject/);
      const unlinkability = page.getByRole('region', { name: 'BioHash' });
      expect(await unlinkability.innerText()).toMatch(/D↔sys is [\d.]+; 95 % of what chance gives lies below [\d.]+/);
    });
  });
});
