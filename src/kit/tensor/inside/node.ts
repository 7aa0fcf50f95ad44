import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { isInside } from '../../../ground/disk.ts';

/** Folders that a file of a model may lie in after all links: the model's own, and the store beside the snapshots of the Hugging Face hub. */
async function placesOf(folder: string): Promise<string[]> {
  const place = await realpath(folder);
  const parts = place.split(sep);
  const at = parts.lastIndexOf('snapshots');
  return at < 0 ? [place] : [place, [...parts.slice(0, at), 'blobs'].join(sep)];
}

/**
 * The path of a file that another file of its folder names; null where the name leads out of the folder.
 *
 * @param name as the file says it: relative, with `/` between its parts
 */
export async function pathInside(folder: string, name: string): Promise<string | null> {
  const parts = name.split('/');
  if (name.length > 1000 || /[\\\0]/.test(name) || parts.some(part => part === '' || part === '..')) return null;
  const path = join(folder, ...parts);
  if (dirname(path) === path) return null;
  return (await isInside(path, await placesOf(folder))) ? path : null;
}
