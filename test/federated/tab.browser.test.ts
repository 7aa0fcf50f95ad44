import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStudio, startStudio } from '../../src/app/studio/index.ts';
import { sentArchiveSchema } from '../../src/ground/contracts/index.ts';
import { joinMnist, makeKeyFile } from '../../src/jobs/federated/node.ts';
import { listRuns } from '../../src/kit/runs/index.ts';
import { launchBrowser, openWatchedPage, type TestBrowser, whyNoBrowser } from '../browser.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { findBarriers } from '../web/page-checks.ts';
import { serve } from './serve.ts';
import { makeDigits } from './small-digits.ts';

const reason = whyNoBrowser();
const N = 4;
const ROUNDS = 2;
/** The client in the browser. */
const TAB = 2;

describe.skipIf(reason !== null)(
  `a browser tab in a federation${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let folder = '';
    let data = '';
    let roster = '';
    let built: BuiltPage;
    let studio: RunningStudio;
    let browser: TestBrowser;
    const key = (client: number) => join(folder, `${client}.key.json`);

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'biolens-tab-'));
      data = makeDigits({ training: 60, test: 20 });
      const members = [];
      for (let client = 0; client < N; client++) members.push(await makeKeyFile(key(client), `clinic-${client}`));
      roster = join(folder, 'roster.json');
      writeFileSync(roster, JSON.stringify({ schema: 'biolens/federation-roster@1', members }));
      built = buildPage();
      const clientPath = join(folder, 'client');
      await build({ configFile: 'vite.client.config.ts', logLevel: 'error', build: { outDir: clientPath } });
      mkdirSync(join(folder, 'runs'));
      studio = await startStudio({ runsDir: join(folder, 'runs'), ...built, clientPath });
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await studio?.close();
      built?.remove();
      for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
    });

    const open = async () => {
      const opened = await openWatchedPage(browser);
      await opened.page.goto(studio.url);
      await opened.page.goto(new URL('/federate/join', studio.url).href);
      await opened.page.getByRole('heading', { name: 'Take part in a federation' }).waitFor();
      return opened;
    };
    const choose = async (page: Page, server: string, from = data) => {
      await page.getByLabel('Coordinator').fill(server);
      await page.getByLabel('Folder with the data').setInputFiles(from);
      await page.getByLabel('Your key file').setInputFiles(key(TAB));
      await page.getByLabel('Roster', { exact: true }).setInputFiles(roster);
    };

    test('it trains beside three Node clients, and what it shows is what it sends', async () => {
      const log: string[] = [];
      const { listening, served } = serve(
        { roster, state: join(folder, 'state'), model: 'lenet-5', rounds: ROUNDS, clients: N, seed: 3, port: 0 },
        { runsDir: join(folder, 'runs') },
      );
      const server = await listening;
      const { page, problems, requests } = await open();
      await choose(page, server);
      await page.getByRole('button', { name: 'Take part' }).click();
      await page.getByRole('heading', { name: 'Taking part' }).waitFor();
      // Another page follows the federation.
      const [found] = (await listRuns(join(folder, 'runs'))).runs;
      const follower = await openWatchedPage(browser);
      await follower.page.goto(studio.urlOf(found!.record.id));
      await follower.page.getByText('Round 1 begins when 4 clients are here; now there are 1.').waitFor();
      expect(await follower.page.getByRole('row', { name: /^clinic-2 here/ }).count()).toBe(1);
      expect(await follower.page.getByRole('row', { name: /^clinic-1 has not come/ }).count()).toBe(1);
      for (const client of [0, 1, 3])
        void joinMnist({ server, key: key(client), roster, data, log: line => log.push(line) }).catch(error =>
          log.push(String(error)),
        );
      const { rounds } = await served;
      expect(rounds.map(({ clients, reason: why }) => [clients, why])).toEqual(new Array(ROUNDS).fill([N, null]));
      await page.getByRole('heading', { name: 'The federation is over' }).waitFor();
      expect(await page.getByText('all rounds are played').count()).toBeGreaterThan(0);
      await follower.page.getByText(`All ${ROUNDS} rounds are played.`).waitFor();
      expect(await follower.page.getByRole('row', { name: /^clinic-2 2 0/ }).count()).toBe(1);
      await follower.page.close();
      expect(await page.getByText('60 images of train-images-idx3-ubyte').count()).toBe(1);

      const saving = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download everything' }).click();
      const archive = join(folder, 'sent.tar');
      await (await saving).saveAs(archive);
      const unpacked = join(folder, 'sent');
      mkdirSync(unpacked);
      execFileSync('tar', ['xf', archive, '-C', unpacked]);
      const { messages, client } = sentArchiveSchema.parse(
        JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8')),
      );
      expect(client).toBe('clinic-2');
      const steps = ['commit', 'keys', 'shares', 'vector', 'confirm', 'unmask'];
      expect(messages.map(({ kind, step }) => step ?? kind)).toEqual(['hello', ...steps, ...steps]);
      for (const { file, bytes, sha256 } of messages) {
        const content = readFileSync(join(unpacked, file));
        expect(content.length).toBe(bytes);
        expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
      }
      // Nothing was asked of any other machine than the studio.
      const origins = new Set(requests.map(url => new URL(url).origin));
      expect([...origins]).toEqual([new URL(studio.url).origin]);
      expect(await findBarriers(page)).toEqual([]);
      expect(problems).toEqual([]);
      await page.close();
    });

    test('what is missing or wrong is said beside its field, or by its file', async () => {
      const { page } = await open();
      await page.getByRole('button', { name: 'Take part' }).click();
      for (const text of ['Expected an address such as', 'Choose a folder that is not empty', 'Choose a file'])
        expect(await page.getByText(text).count()).toBeGreaterThan(0);
      await choose(page, 'ws://127.0.0.1:1', join(folder, 'runs', '..'));
      await page.getByRole('button', { name: 'Take part' }).click();
      await page.getByText('the folder has no train-images-idx3-ubyte.gz').waitFor();
      await page.close();
    });

    test('a coordinator that is not there is tried again until the person leaves', async () => {
      const { page } = await open();
      await choose(page, 'ws://127.0.0.1:1');
      await page.getByRole('button', { name: 'Take part' }).click();
      await page.getByText('no connection; again in 0.2 s').waitFor();
      await page.getByRole('button', { name: 'Leave' }).click();
      await page.getByText('you have left the federation').waitFor();
      expect(await page.getByText('0 messages').count()).toBe(1);
      await page.close();
    });

    test('a key that is made in the page is one for federate join', async () => {
      const { page } = await open();
      await page.getByText('I have no key yet').click();
      await page.getByLabel('Name of this client').fill('clinic new');
      const saving = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Make a key' }).click();
      const download = await saving;
      expect(download.suggestedFilename()).toBe('clinic-new.key.json');
      const file = join(folder, 'made.json');
      await download.saveAs(file);
      const line = JSON.parse((await page.locator('[role=status] code').textContent()) ?? '');
      expect(line).toMatchObject({ name: 'clinic new', key: JSON.parse(readFileSync(file, 'utf8')).public });
      // It is a key, and stands in no roster yet.
      await expect(
        joinMnist({ server: 'ws://127.0.0.1:1', key: file, roster, data, log: () => undefined }),
      ).rejects.toThrow(/roster.json: the key of .*made.json is not in it/);
      await page.close();
    });

    test('its scripts may connect to the studio and one coordinator, and to nothing else', async () => {
      const { page } = await open();
      const policyOf = (path: string) =>
        page.evaluate(async url => (await fetch(url)).headers.get('content-security-policy'), path);
      expect(await policyOf('/federate/worker.js?server=wss://a.example:8440/x?y')).toContain(
        "connect-src 'self' wss://a.example:8440;",
      );
      expect(await policyOf('/federate/engine.js')).toContain("connect-src 'self';");
      // Neither an engine's file nor an address can be anything.
      for (const path of [
        '/federate/worker.js?server=https://a.example',
        '/federate/worker.js?server=ws://a;b',
        '/federate/ort/../x',
      ])
        expect(await page.evaluate(async url => (await fetch(url)).status, path)).toBeGreaterThanOrEqual(400);
      await page.close();
    });
  },
);
