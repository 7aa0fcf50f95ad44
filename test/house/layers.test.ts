import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, root, sourceFiles } from './sources.ts';

/** What each room may import, written out from the drawing in docs/architecture.md. A room may always import itself. */
const pure = ['contracts', 'math', 'errors'];
const ground = [...pure, 'disk'];
const shared = ['tensor', 'runs', 'images', 'privacy', 'vlm'];
const jobs = ['audit', 'diffusion', 'bench', 'federated', 'templates'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  disk: ['errors'],
  contracts: [],
  math: ['contracts', 'errors'],
  tensor: pure,
  runs: ground,
  privacy: pure,
  images: [...ground, 'tensor'],
  vlm: [...ground, 'images'],
  faces: [...ground, 'tensor', 'images', 'runs'],
  ...Object.fromEntries(jobs.map(job => [job, [...ground, ...shared, 'faces']])),
  mitigation: [...ground, ...shared, 'faces', 'audit', 'diffusion'],
  demo: [...ground, ...shared, 'faces', ...jobs, 'mitigation'],
  studio: [...ground, ...shared, 'faces', ...jobs, 'mitigation'],
  cli: [...ground, ...shared, 'faces', ...jobs, 'mitigation', 'demo', 'studio'],
  web: ['contracts'],
};

/** Rooms that run in a browser too: `node:` only in files called `node.ts`. */
const BROWSER_ROOMS = ['contracts', 'math', 'tensor', 'privacy', 'federated', 'web'];
const NODE_PACKAGES = ['onnxruntime-node', 'sharp', 'hono', '@hono/node-server', 'commander', 'cli-progress'];

function roomOf(file: string): string {
  const parts = file.split('/');
  if (parts[0] === 'web') return 'web';
  return (parts[1] ?? '').replace(/\.ts$/, '');
}

const files = [...sourceFiles('src'), ...sourceFiles('web')];

/** `import type` is erased before anything runs. */
function withoutTypeImports(text: string): string {
  return text.replace(/^(?:import|export) type\s[^;]*;/gm, '');
}

describe('imports point one way', () => {
  test.each(files)('%s', file => {
    const room = roomOf(file);
    const allowed = ALLOWED[room];
    expect(allowed, `${room} is a room of the house`).toBeDefined();
    const text = readFileSync(resolve(root, file), 'utf8');
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.')) {
        const target = roomOf(relative(root, resolve(root, dirname(file), specifier)));
        expect([room, ...allowed!], `${file} imports ${specifier}`).toContain(target);
      } else if (BROWSER_ROOMS.includes(room) && !file.endsWith('/node.ts')) {
        expect(specifier.startsWith('node:'), `${file} imports ${specifier}, but ${room} runs in a browser`).toBe(
          false,
        );
        expect(NODE_PACKAGES, `${file} imports ${specifier}, but ${room} runs in a browser`).not.toContain(specifier);
      }
      if (room === 'contracts' && !specifier.startsWith('.')) expect(specifier).toBe('zod');
    }
  });

  test('no cycles between files when they run', () => {
    const graph = new Map(
      files.map(file => [
        file,
        importsOf(withoutTypeImports(readFileSync(resolve(root, file), 'utf8')))
          .filter(specifier => specifier.startsWith('.'))
          .map(specifier => relative(root, resolve(root, dirname(file), specifier))),
      ]),
    );
    const done = new Set<string>();
    const walk = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file))
        throw new Error(`import cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' → ')}`);
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) walk(next, [...trail, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
  });
});
