import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const bin = join(import.meta.dirname, '../../bin/biolens.js');

/** Tells, at its end, which packages a process has loaded. */
const TELL_PACKAGES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const packages = new Set();
  registerHooks({
    load(url, context, next) {
      const path = url.split('/node_modules/')[1]?.split('/') ?? [];
      if (path.length > 0) packages.add(path[0]);
      return next(url, context);
    },
  });
  process.on('exit', () => process.stderr.write('loaded: ' + JSON.stringify([...packages])));
`)}`;

/** What every command pays for: flags, schemas, colours of the terminal, and the streams that schemes of templates are made from. */
const LIGHT = [
  ...['commander', 'zod', 'leven', 'yaml', '@noble'],
  ...['cli-progress', 'string-width', 'strip-ansi', 'ansi-regex', 'is-fullwidth-code-point', 'emoji-regex'],
];

test('a command that needs no engine and no images loads none', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', TELL_PACKAGES, bin, 'runs', 'list', '--runs-dir', import.meta.dirname],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const loaded: string[] = JSON.parse(stderr.slice(stderr.indexOf('loaded: ') + 8));
  expect(loaded).toContain('commander');
  expect(loaded.filter(name => !LIGHT.includes(name))).toEqual([]);
});

test('compiled sources are kept within the package, or where Node is told to keep them', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'biolens-compiled-'));
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const start = (more: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, [bin, 'runs', 'list', '--runs-dir', elsewhere], { env: { ...env, ...more } }).status;
  const within = join(import.meta.dirname, '../../node_modules/.cache/biolens');
  try {
    expect(start({})).toBe(0);
    expect(readdirSync(within)).toHaveLength(1);
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(start({ NODE_COMPILE_CACHE: elsewhere })).toBe(0);
    expect(readdirSync(elsewhere)).toHaveLength(1);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});
