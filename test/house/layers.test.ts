import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, root, sourceFiles } from './sources.ts';

/** The floors of `src/`, lowest first. A file's floor is the folder it is in: nothing else says what may import what. */
const FLOORS = ['ground', 'kit', 'jobs', 'app'];
/** Rooms that run in a browser too: `node:` and packages of Node only in files called `node.ts`. */
const BROWSER_ROOMS = ['contracts', 'math', 'tensor', 'privacy', 'federated', 'verification', 'templates'];
const NODE_PACKAGES = ['onnxruntime-node', 'sharp', 'hono', '@hono/node-server', 'commander', 'cli-progress', 'yaml'];

interface Place {
  /** Index in `FLOORS`; what stands in `src/` itself is above all of them, the pages are beside the house. */
  readonly floor: number;
  readonly room: string;
  readonly file: string;
}

function placeOf(file: string): Place {
  const [top = '', floor = '', room = ''] = file.split('/');
  if (top === 'web') return { floor: FLOORS.length, room: 'web', file };
  const level = FLOORS.indexOf(floor);
  return { floor: level < 0 ? FLOORS.length : level, room: level < 0 ? 'src' : room.replace(/\.ts$/, ''), file };
}

const files = [...sourceFiles('src'), ...sourceFiles('web')];

const textOf = (file: string): string => readFileSync(resolve(root, file), 'utf8');

/** Files within the house that a text imports. */
function targetsOf(file: string, text: string): string[] {
  return importsOf(text)
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => relative(root, resolve(root, dirname(file), specifier)));
}

/** Fails on the first cycle of a graph. */
function refuseCycles(graph: ReadonlyMap<string, Iterable<string>>): void {
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node))
      throw new Error(`imports in a circle: ${[...trail.slice(trail.indexOf(node)), node].join(' → ')}`);
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
}

describe('imports point down', () => {
  test.each(files)('%s', file => {
    const from = placeOf(file);
    const text = textOf(file);
    if (from.room === 'web') {
      for (const target of targetsOf(file, text))
        expect(target, `${file} imports ${target}`).toMatch(/^(?:web|src\/ground\/contracts)\//);
      return;
    }
    for (const target of targetsOf(file, text)) {
      const to = placeOf(target);
      expect(to.floor, `${file} imports ${target}, which is on a higher floor`).toBeLessThanOrEqual(from.floor);
      const stranger = FLOORS[to.floor] === 'jobs' && from.floor === to.floor && to.room !== from.room;
      if (stranger) expect(target, `${file} enters a job by another way than its door`).toMatch(/\/index\.ts$/);
    }
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.')) continue;
      if (from.room === 'contracts') expect(specifier).toBe('zod');
      if (!BROWSER_ROOMS.includes(from.room) || file.endsWith('/node.ts')) continue;
      const message = `${file} imports ${specifier}, but ${from.room} runs in a browser`;
      expect(specifier.startsWith('node:'), message).toBe(false);
      expect(NODE_PACKAGES, message).not.toContain(specifier);
    }
  });

  test('no two rooms of a floor need each other, types included', () => {
    const rooms = new Map<string, Set<string>>();
    for (const file of sourceFiles('src')) {
      const from = placeOf(file);
      for (const target of targetsOf(file, textOf(file))) {
        const to = placeOf(target);
        if (to.floor !== from.floor || to.room === from.room) continue;
        const key = `${FLOORS[from.floor]}/${from.room}`;
        rooms.set(key, (rooms.get(key) ?? new Set()).add(`${FLOORS[to.floor]}/${to.room}`));
      }
    }
    refuseCycles(rooms);
  });

  test('no two files need each other, types included', () => {
    const all = [...files, ...sourceFiles('bench'), ...sourceFiles('examples')];
    refuseCycles(new Map(all.map(file => [file, targetsOf(file, textOf(file))])));
  });
});
