import { readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Source files below a folder of the repository, as paths relative to its root, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(resolve(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(?:tsx?|js)$/.test(entry.name))
    .map(entry => relative(root, resolve(entry.parentPath, entry.name)))
    .sort();
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\bnew URL\(\s*['"]([^'"]+\.tsx?)['"]|\bresolve\(\s*['"]([^'"]+\/package\.json)['"]\s*\)/g;

/** What a module imports, statically, dynamically, as a worker's URL, or by resolving a package. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map(match => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
}
