import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CopyOptions, copyFromHub, type HubCopy, isSafePath, parseHubReference } from '../../src/kit/hub/index.ts';
import { MOCK_COMMIT, makeHub } from './mock-hub.ts';

const TOKEN = 'hf_test0123456789abcdef';
const FILES = {
  'README.md': 'read me',
  'data/a.json': '{}',
  'data/large.bin': 'x'.repeat(5000),
  'other/skip.txt': 'no',
};
const REFERENCE = parseHubReference('hf:owner/name');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biolens-hub-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function copy(
  fetch: typeof globalThis.fetch,
  more: Partial<CopyOptions> = {},
  reference = REFERENCE,
): Promise<HubCopy> {
  const options: CopyOptions = {
    to: join(root, 'copy'),
    wanted: path => !path.startsWith('other/'),
    mostBytes: 1e6,
    fetch,
    environment: {},
    random: () => 0,
    ...more,
  };
  for await (const event of copyFromHub(reference, options)) if (event.type === 'result') return event.copy;
  throw new Error('no result');
}

const contentOf = (path: string): string => readFileSync(join(root, 'copy', path), 'utf8');

test('files come as listed, the commit is recorded, and a second copy fetches nothing', async () => {
  const { fetch, log } = makeHub({ files: FILES, largeFrom: 1000, pageSize: 2 });
  const made = await copy(fetch);
  expect(made).toMatchObject({
    repository: 'owner/name',
    revision: 'main',
    commit: MOCK_COMMIT,
    hub: 'https://huggingface.co',
  });
  expect(made.files.map(({ path, digest }) => [path, digest.kind])).toEqual([
    ['README.md', 'git'],
    ['data/a.json', 'git'],
    ['data/large.bin', 'sha256'],
  ]);
  for (const path of ['README.md', 'data/a.json', 'data/large.bin'] as const) expect(contentOf(path)).toBe(FILES[path]);
  expect(existsSync(join(root, 'copy/other'))).toBe(false);
  expect(JSON.parse(contentOf('hub.json'))).toEqual(made);
  const asked = log.length;
  expect(await copy(fetch)).toEqual(made);
  expect(log.length).toBe(asked);
});

test('the token goes to the hub alone, and is in no file', async () => {
  const { fetch, log } = makeHub({ files: FILES, largeFrom: 1000, token: TOKEN });
  await copy(fetch, { environment: { HF_TOKEN: TOKEN } });
  for (const { url, authorization } of log)
    expect(authorization).toBe(url.host === 'huggingface.co' ? `Bearer ${TOKEN}` : null);
  expect(log.some(({ url }) => url.host === 'cdn.test')).toBe(true);
  expect(contentOf('hub.json')).not.toContain(TOKEN);
});

test('a data set that is not open is told so, without the token', async () => {
  const { fetch } = makeHub({ files: FILES, token: TOKEN });
  const error = await copy(fetch, { environment: { HF_TOKEN: 'hf_wrong9876543210' } }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code: 'input',
    message: expect.stringContaining('accept its terms on huggingface.co'),
  });
  expect(String(error)).not.toContain('hf_wrong');
});

test('what broke off goes on at its byte, at the commit it began with', async () => {
  let broken = true;
  const { fetch, log } = makeHub({
    files: FILES,
    largeFrom: 1000,
    before: ({ url }) => {
      if (url.host !== 'cdn.test' || !broken) return null;
      const half = new TextEncoder().encode('x'.repeat(2000));
      return new Response(
        new ReadableStream({
          start: controller => controller.enqueue(half),
          pull: controller => controller.error(new Error('reset')),
        }),
      );
    },
  });
  await expect(copy(fetch, { random: () => 0 })).rejects.toMatchObject({
    code: 'external',
    message: 'data/large.bin: the connection broke off',
  });
  expect(existsSync(join(root, 'copy/data/large.bin'))).toBe(false);
  const held = statSync(join(root, 'copy/data/large.bin.partial')).size;
  expect(held).toBeGreaterThan(0);
  broken = false;
  log.length = 0;
  await copy(fetch);
  expect(contentOf('data/large.bin')).toBe(FILES['data/large.bin']);
  expect(log.find(({ url }) => url.host === 'cdn.test')?.range).toBe(`bytes=${held}-`);
  expect(log.some(({ url }) => url.pathname.startsWith('/api/'))).toBe(false);
});

test('a server that ignores the range, or sends another part, is not appended to what is here', async () => {
  const { fetch } = makeHub({
    files: FILES,
    before: ({ url, headers }) =>
      url.pathname.endsWith('large.bin') && headers.get('range') !== null
        ? new Response(FILES['data/large.bin'])
        : null,
  });
  await copy(fetch, { wanted: path => path === 'README.md' || path === 'data/large.bin' });
  const path = join(root, 'copy/data/large.bin');
  rmSync(path);
  writeFileSync(`${path}.partial`, 'y'.repeat(100));
  await copy(fetch);
  expect(contentOf('data/large.bin')).toBe(FILES['data/large.bin']);
});

test('what the hub answers with 503 or 429 is asked again', async () => {
  const seen = new Map<string, number>();
  const { fetch } = makeHub({
    files: FILES,
    before: ({ url }) => {
      const count = (seen.get(url.pathname) ?? 0) + 1;
      seen.set(url.pathname, count);
      if (count > 2) return null;
      return new Response('', count === 1 ? { status: 503 } : { status: 429, headers: { 'retry-after': '0' } });
    },
  });
  expect((await copy(fetch)).files).toHaveLength(3);
  const down = makeHub({ files: FILES, before: () => new Response('', { status: 503 }) });
  await expect(copy(down.fetch, { to: join(root, 'b') })).rejects.toMatchObject({ code: 'external' });
});

test('a changed file on disk is fetched again, and content that is not as listed is refused', async () => {
  const { fetch } = makeHub({ files: FILES });
  await copy(fetch);
  writeFileSync(join(root, 'copy/README.md'), 'changed');
  await copy(fetch);
  expect(contentOf('README.md')).toBe('read me');

  rmSync(join(root, 'copy'), { recursive: true });
  const lying = makeHub({
    files: FILES,
    before: ({ url }) => (url.pathname.endsWith('/README.md') ? new Response('READ ME') : null),
  });
  await expect(copy(lying.fetch)).rejects.toMatchObject({
    code: 'external',
    message: 'README.md: what came is not what the hub says it is',
  });
  expect(existsSync(join(root, 'copy/README.md'))).toBe(false);
});

describe('what a hub must not be able to do', () => {
  test.each(['../evil', '/etc/passwd', 'a/../../b', 'a\\b', 'a//b', 'C:x', 'nul', 'a\u0000b', './a', 'a/.'])(
    'write to %j',
    async path => {
      expect(isSafePath(path)).toBe(false);
      const { fetch } = makeHub({ files: { [path]: 'x' } });
      await expect(copy(fetch)).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining('leads out of its folder'),
      });
      expect(existsSync(join(root, 'copy'))).toBe(false);
    },
  );

  test('fill the disk: with more than allowed, or with more than it says', async () => {
    const { fetch } = makeHub({ files: FILES });
    await expect(copy(fetch, { mostBytes: 1000 })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('--most-gb'),
    });
    expect(existsSync(join(root, 'copy'))).toBe(false);
    const endless = makeHub({
      files: FILES,
      before: ({ url }) =>
        url.pathname.endsWith('/README.md')
          ? new Response(new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65536)) }))
          : null,
    });
    await expect(copy(endless.fetch)).rejects.toMatchObject({
      message: 'README.md: longer than the 7 bytes that the hub says',
    });
  });

  test('lead to an address without encryption, or around in a circle', async () => {
    const to = (location: string) =>
      makeHub({
        files: FILES,
        before: ({ url }) =>
          url.pathname.includes('/resolve/') || url.pathname === '/loop'
            ? new Response(null, { status: 302, headers: { location } })
            : null,
      }).fetch;
    await expect(copy(to('http://evil.test/x'))).rejects.toMatchObject({
      message: expect.stringContaining('without encryption'),
    });
    await expect(copy(to('https://huggingface.co/loop'))).rejects.toMatchObject({
      message: expect.stringContaining('without an end'),
    });
  });

  test('hang, list without an end, or send no JSON', async () => {
    const hanging = makeHub({
      files: FILES,
      before: ({ url }) =>
        url.pathname.endsWith('/README.md')
          ? new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
          : null,
    });
    const started = performance.now();
    await expect(copy(hanging.fetch, { stallMs: 30 })).rejects.toMatchObject({
      message: 'README.md: nothing came for 0.03 s',
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    const lists = makeHub({
      files: FILES,
      before: ({ url }) =>
        url.pathname.includes('/tree/')
          ? new Response(new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(2 ** 20)) }))
          : null,
    });
    await expect(copy(lists.fetch, { to: join(root, 'b') })).rejects.toMatchObject({
      message: expect.stringContaining('endless list'),
    });
    const page = makeHub({
      files: FILES,
      before: ({ url }) => (url.pathname.includes('/revision/') ? new Response('<html>') : null),
    });
    await expect(copy(page.fetch, { to: join(root, 'c') })).rejects.toMatchObject({
      code: 'external',
      message: expect.stringContaining('no JSON'),
    });
  });
});

test('a folder of something else, and of another revision, is left alone', async () => {
  const { fetch } = makeHub({ files: FILES });
  await copy(fetch);
  await expect(copy(fetch, {}, parseHubReference('hf:owner/name@v2'))).rejects.toMatchObject({
    message: expect.stringContaining('holds owner/name@main'),
  });
  writeFileSync(join(root, 'x'), 'mine');
  await expect(copy(fetch, { to: root })).rejects.toMatchObject({
    message: expect.stringContaining('expected a new or empty folder'),
  });
});

test('another part than was begun with is not taken for it', async () => {
  const { fetch } = makeHub({ files: FILES });
  const to = join(root, 'part');
  const made = await copy(fetch, { to, only: ['data', 'README.md'] });
  expect(await copy(fetch, { to, only: ['README.md', 'data', 'data'] })).toEqual(made);
  for (const only of [['other'], ['data'], undefined])
    await expect(copy(fetch, { to, only })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('holds --only README.md, data of owner/name; another part wants another folder'),
    });
});

test('an interrupt ends it, and nothing is there that is not whole', async () => {
  const controller = new AbortController();
  const { fetch } = makeHub({
    files: FILES,
    before: ({ url }) => {
      if (!url.pathname.endsWith('/README.md')) return null;
      setTimeout(() => controller.abort(), 20);
      return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }));
    },
  });
  await expect(copy(fetch, { signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  expect(existsSync(join(root, 'copy/README.md'))).toBe(false);
});

test.each(['owner/name', 'hf:name', 'hf:a/b/c', 'hf:a/../b', 'hf:a/b@', 'hf:a/b@x@y', 'hf:-a/b', 'hf:a/b@../x'])(
  '%s is no name of a data set',
  text => {
    expect(() => parseHubReference(text)).toThrow('expected hf:OWNER/NAME');
  },
);

test('a token does not go where there is no encryption', async () => {
  const { fetch } = makeHub({ files: FILES });
  await expect(
    copy(fetch, { environment: { HF_TOKEN: TOKEN, HF_ENDPOINT: 'http://mirror.test' } }),
  ).rejects.toMatchObject({ code: 'usage' });
});
