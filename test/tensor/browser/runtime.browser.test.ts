import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime } from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';
import { launchBrowser, openWatchedPage, type TestBrowser, type WatchedPage, whyNoBrowser } from '../../browser.ts';
import type { Computed, Refusals } from './page.ts';
import { gradientsOfCases, trainSomeSteps } from './workload.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves a folder; `isolated` pages may share memory between threads. */
async function serve(folder: string, { isolated }: { readonly isolated: boolean }): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = path === '/' ? 'index.html' : normalize(path).replace(/^\/+/, '');
    response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    try {
      response.end(
        name === 'index.html'
          ? '<!doctype html><title>engine</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>'
          : readFileSync(join(folder, name)),
      );
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const reason = whyNoBrowser();

describe.skipIf(reason !== null)(`the engine in a browser${reason === null ? '' : ` (${reason})`}`, () => {
  let folder = '';
  let browser: TestBrowser;
  let runtime: Runtime;
  const servers: Server[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biolens-page-'));
    await build({
      configFile: false,
      logLevel: 'error',
      root: import.meta.dirname,
      base: './',
      worker: { format: 'es' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2022',
        minify: false,
        reportCompressedSize: false,
        rollupOptions: { input: join(import.meta.dirname, 'page.ts'), output: { entryFileNames: 'page.js' } },
      },
    });
    browser = await launchBrowser();
    runtime = await openRuntime({ device: 'cpu', threads: 1 });
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await runtime?.close();
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openPage(isolated: boolean): Promise<WatchedPage> {
    const server = await serve(folder, { isolated });
    servers.push(server);
    const watched = await openWatchedPage(browser);
    await watched.page.goto(addressOf(server));
    await watched.page.waitForFunction(() => 'compute' in globalThis);
    return watched;
  }

  test.each([true, false])(
    'trains as in Node, and differentiates; page isolated: %s',
    async isolated => {
      const watched = await openPage(isolated);
      const computed = await watched.page.evaluate(
        all =>
          (globalThis as unknown as { compute: (device: 'cpu', all: boolean) => Promise<Computed> }).compute(
            'cpu',
            all,
          ),
        isolated,
      );
      expect(computed).toMatchObject({ device: 'cpu', reason: 'asked for', isolated });
      expect(computed.engine).toMatch(/^onnxruntime-web \d/);
      expect(watched.problems).toEqual([]);

      const losses = await trainSomeSteps(runtime);
      expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
      for (const [i, loss] of losses.entries()) expect(computed.losses[i]).toBeCloseTo(loss, 4);

      if (!isolated) return;
      const expected = await gradientsOfCases(runtime);
      for (const [name, numbers] of Object.entries(expected)) {
        const found = computed.gradients[name];
        if (!Array.isArray(numbers) || !Array.isArray(found)) throw new Error(`${name}: ${found}, in Node ${numbers}`);
        const largest = Math.max(...numbers.map(Math.abs));
        const worst = Math.max(...numbers.map((value, i) => Math.abs(value - found[i]!)));
        expect(worst / largest, name).toBeLessThan(1e-4);
      }
    },
    180_000,
  );

  test('says which device it took and why, or what is missing', async () => {
    const { page } = await openPage(false);
    const refusals = await page.evaluate(() => (globalThis as unknown as { refuse: () => Promise<Refusals> }).refuse());
    expect(refusals).toEqual({
      auto: 'cpu: no graphics adapter',
      webgpu: 'device webgpu: this browser has no graphics adapter',
      cuda: 'device cuda: a browser has cpu and webgpu',
      missing: "the engine's worker failed: its script could not be loaded",
    });
  });
});
