import { open, opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { explainSystemError, fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';

/** A clip: a video, an animated image, or a folder of frames. */
export interface Clip {
  /** Path within what the user named, with `/` between its parts. */
  readonly name: string;
  readonly path: string;
  readonly kind: 'video' | 'animation' | 'frames';
  /** Names of the frames in order; empty for a file. */
  readonly files: readonly string[];
}

export interface ListedClips {
  readonly clips: readonly Clip[];
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

const VIDEO = /\.(?:mp4|m4v|mov|mkv|webm|avi|3gp)$/i;
const STILL = /\.(?:jpe?g|png|webp|avif|tiff?|bmp|ppm|pgm)$/i;
const DEEPEST = 64;
const MOST_CLIPS = 200_000;

/** Numbers in names count as numbers: frame 10 comes after frame 9. Ties, such as 1 and 01, are settled by the characters. */
const NUMERIC = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });
const inOrder = (a: string, b: string): number => NUMERIC.compare(a, b) || (a < b ? -1 : 1);

/** Whether a WebP holds an animation: a bit of its extended header. */
async function isAnimatedWebp(path: string): Promise<boolean> {
  await using handle = await open(path);
  const head = Buffer.alloc(21);
  await handle.read(head, 0, head.length, 0);
  return head.toString('latin1', 12, 16) === 'VP8X' && (head[20]! & 2) !== 0;
}

/**
 * The clips of a folder and the folders below it: each video, each GIF and animated WebP, and each folder that holds two still images or more, as the
 * frames of one clip in the order of the numbers in their names. Names that begin with a dot are passed over.
 *
 * @throws {BiolensError} `input` for a path that cannot be read, or without clips
 */
export async function listClips(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ListedClips> {
  const clips: Clip[] = [];
  const skipped: { file: string; reason: string }[] = [];
  const wrong = (why: string): BiolensError =>
    new BiolensError('input', `${path}: ${why}`, { details: { file: path } });
  const addFile = async (name: string, place: string): Promise<'clip' | 'still' | null> => {
    if (VIDEO.test(name)) clips.push({ name, path: place, kind: 'video', files: [] });
    else if (/\.gif$/i.test(name) || (/\.webp$/i.test(name) && (await isAnimatedWebp(place))))
      clips.push({ name, path: place, kind: 'animation', files: [] });
    else return STILL.test(name) ? 'still' : null;
    return 'clip';
  };
  const walk = async (folder: string, prefix: string, depth: number): Promise<void> => {
    if (depth > DEEPEST) throw wrong(`folders more than ${DEEPEST} deep`);
    const stills: string[] = [];
    const folders: string[] = [];
    for await (const entry of await opendir(folder)) {
      throwIfAborted(signal);
      if (entry.name.startsWith('.')) continue;
      const name = prefix + entry.name;
      const place = join(folder, entry.name);
      if (entry.isDirectory()) {
        folders.push(entry.name);
        continue;
      }
      try {
        const found = await stat(place);
        if (!found.isFile()) {
          // A link to a folder may lead anywhere, also back.
          if (VIDEO.test(name) || found.isDirectory()) skipped.push({ file: name, reason: 'not a plain file' });
        } else if ((await addFile(name, place)) === 'still') stills.push(entry.name);
      } catch (error) {
        if (error instanceof BiolensError) throw error;
        skipped.push({ file: name, reason: explainSystemError(error) });
      }
      if (clips.length > MOST_CLIPS) throw wrong(`more than ${MOST_CLIPS} clips`);
    }
    stills.sort(inOrder);
    const name = prefix.slice(0, -1) || basename(path);
    if (stills.length >= 2) clips.push({ name, path: folder, kind: 'frames', files: stills });
    else if (stills[0] !== undefined) skipped.push({ file: prefix + stills[0], reason: 'one image, which is no clip' });
    for (const child of folders.sort(inOrder)) await walk(join(folder, child), `${prefix}${child}/`, depth + 1);
  };
  try {
    if ((await stat(path)).isFile()) {
      if ((await addFile(basename(path), path)) !== 'clip') throw wrong('not a folder, a video or an animation');
    } else await walk(path, '', 0);
  } catch (error) {
    throw fileError(path, error);
  }
  if (clips.length === 0) throw wrong('there are no clips in it (videos, GIF, animated WebP, or folders of frames)');
  return { clips: clips.sort((a, b) => inOrder(a.name, b.name)), skipped };
}
