import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './sources.ts';

test('every file and folder that the README links to is there', () => {
  const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(8);
  for (const link of links) expect(existsSync(resolve(root, link)), link).toBe(true);
});
