import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { explainSystemError } from '../../ground/disk.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../ground/errors.ts';
import type { ArchiveEntry, ByteSource } from './archive-entry.ts';
import { type ImageFile, isImageName, isSystemFolder } from './folder.ts';
import { labelOf } from './label-values.ts';
import { type Labels, type MatchedLabels, matchLabels, readLabels } from './labels.ts';
import { openParquetImages, readFromParquet } from './parquet-images.ts';
import { DEFAULT_LIMITS, openRegular } from './source.ts';
import { listTar } from './tar.ts';
import { listZip } from './zip.ts';

/** Images of one file, with the labels that lie beside them. */
export interface ImageArchive {
  readonly files: readonly ImageFile[];
  readonly labels: MatchedLabels | null;
}

const ARCHIVE = /\.(zip|tar|parquet)$/i;
const PARQUET = /\.parquet$/i;
/** Largest annotation of one image. */
const MOST_ANNOTATION_BYTES = 64 * 1024;
const MOST_ATTRIBUTES = 200;

/** Whether a path is called as archives of images are. */
export function isArchive(path: string): boolean {
  return ARCHIVE.test(path);
}

async function openBytes(path: string): Promise<ByteSource> {
  const { handle, size } = await openRegular(path);
  await handle.close();
  return {
    size,
    async read(start, length) {
      if (!(start >= 0 && length >= 0 && start + length <= size)) throw new Error('a range that is not in the file');
      // Opened for each range, since nobody says when the last one was read.
      await using file = (await openRegular(path)).handle;
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(bytes, at, length - at, start + at);
        if (bytesRead === 0) throw new Error('the file became shorter while it was read');
        at += bytesRead;
      }
      return bytes;
    },
  };
}

const tidy = (name: string): string => name.replaceAll('\\', '/').replace(/^(?:\.?\/)+/, '');

/** A name that tells of a place outside of the archive, or is none. */
const leadsOut = (name: string): boolean =>
  name === '' || name.includes('\0') || name.split('/').includes('..') || /^[a-z]:/i.test(name);

function isOfSystem(name: string): boolean {
  return name.split('/').some(part => part.startsWith('.') || isSystemFolder(part));
}

async function listEntries(path: string, signal: AbortSignal | undefined): Promise<ArchiveEntry[]> {
  try {
    const source = await openBytes(path);
    return await (extname(path).toLowerCase() === '.zip' ? listZip(source) : listTar(source, signal));
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof BiolensError) throw error;
    const why = error instanceof Error && 'code' in error ? explainSystemError(error) : messageOf(error);
    throw new BiolensError('input', `${path}: ${why}`, { details: { file: path }, cause: error });
  }
}

/** What WebDataset calls a sample: the path up to the first dot of its last part. */
function sampleOf(name: string): string {
  const slash = name.lastIndexOf('/');
  const dot = name.indexOf('.', slash + 1);
  return dot < 0 ? name : name.slice(0, dot);
}

/** Plain values of an annotation: of `.json` its fields, of `.cls` the class. */
function parseAnnotation(name: string, text: string): Record<string, string | null> {
  if (name.endsWith('.cls')) return { class: labelOf(text) };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const plain = Object.entries(value)
    .slice(0, MOST_ATTRIBUTES)
    .flatMap(([key, field]) => {
      if (typeof field === 'string') return [[key, labelOf(field.slice(0, 200))] as const];
      return typeof field === 'number' || typeof field === 'boolean' ? [[key, String(field)] as const] : [];
    });
  return Object.fromEntries(plain);
}

/** Labels of a WebDataset: `.json` and `.cls` beside the images. */
async function readAnnotations(
  path: string,
  named: ReadonlyMap<string, ArchiveEntry>,
  images: readonly string[],
): Promise<Labels | null> {
  const bySample = new Map<string, string[]>();
  for (const file of images) {
    const sample = sampleOf(file);
    const own = bySample.get(sample);
    if (own === undefined) bySample.set(sample, [file]);
    else own.push(file);
  }
  const byFile = new Map<string, Record<string, string | null>>();
  const attributes = new Set<string>();
  for (const [name, entry] of named) {
    const files = bySample.get(sampleOf(name));
    if (files === undefined || !/\.(json|cls)$/.test(name)) continue;
    const bytes = await entry.load(MOST_ANNOTATION_BYTES).catch(() => null);
    if (bytes === null) continue;
    const values = parseAnnotation(name, Buffer.from(bytes).toString('utf8'));
    for (const key of Object.keys(values)) if (attributes.size < MOST_ATTRIBUTES) attributes.add(key);
    for (const file of files) byFile.set(file, { ...byFile.get(file), ...values });
  }
  return attributes.size === 0 ? null : { attributes: [...attributes], byFile, source: path };
}

/**
 * Opens a ZIP or tar archive, or a Parquet file, as a set of images, as `listImages` lists a folder; nothing is unpacked to the disk. Labels are
 * those of its `labels.csv`, of a WebDataset's `.json` and `.cls` files, or of the other columns, unless a table is given.
 *
 * @throws BiolensError `input` naming the archive: missing, damaged, without images, with two files of one name; as `readLabels`
 */
export async function openArchive(
  path: string,
  { labels, signal }: { readonly labels?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<ImageArchive> {
  const refuse = (why: string): BiolensError =>
    new BiolensError('input', `${path}: ${why}`, { details: { file: path } });
  if (PARQUET.test(path)) {
    const { files, labels: columns } = await openParquetImages(path, { signal });
    const found = labels === undefined ? columns : await readLabels(labels);
    const names = files.map(({ file }) => file);
    return { files, labels: found && matchLabels(found, names) };
  }
  const named = new Map<string, ArchiveEntry>();
  const files: ImageFile[] = [];
  for (const entry of await listEntries(path, signal)) {
    const name = tidy(entry.name);
    if (isOfSystem(name) && !leadsOut(name)) continue;
    if (named.has(name)) throw refuse(`"${name}" is in it twice`);
    named.set(name, entry);
    if (!isImageName(name)) continue;
    const load = (): Promise<Uint8Array> => entry.load(DEFAULT_LIMITS.maxBytes);
    const problem = leadsOut(name) ? { problem: 'a name that leads out of the archive' } : {};
    files.push({ file: name, path: `${path}/${name}`, load, ...problem });
  }
  if (files.length === 0) throw refuse('no images found in it');
  files.sort((a, b) => Buffer.compare(Buffer.from(a.file), Buffer.from(b.file)));
  const images = files.map(({ file }) => file);
  const table = [...named.keys()]
    .filter(name => name.split('/').at(-1) === 'labels.csv')
    .sort((a, b) => a.split('/').length - b.split('/').length)[0];
  const own = table === undefined ? undefined : named.get(table);
  const found =
    labels !== undefined
      ? await readLabels(labels)
      : own === undefined
        ? await readAnnotations(path, named, images)
        : await readLabels({ name: `${path}: ${table}`, bytes: await own.load(DEFAULT_LIMITS.maxBytes) });
  return { files, labels: found && matchLabels(found, images) };
}

/** The archive that images were last shown of: a page shows many of one. */
let listed: { readonly key: string; readonly entries: Promise<readonly ArchiveEntry[]> } | undefined;

/** The bytes of one image of an archive; null where it is not there. */
export async function readFromArchive(path: string, file: string): Promise<Uint8Array | null> {
  try {
    if (PARQUET.test(path)) return await readFromParquet(path, file);
    const { mtimeMs, size } = await stat(path);
    const key = `${path} ${mtimeMs} ${size}`;
    if (listed?.key !== key) listed = { key, entries: listEntries(path, undefined) };
    const entry = (await listed.entries).find(({ name }) => tidy(name) === file);
    return entry === undefined ? null : await entry.load(DEFAULT_LIMITS.maxBytes);
  } catch {
    return null;
  }
}
