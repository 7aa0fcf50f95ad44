import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { cardPathOf } from '../../kit/faces/index.ts';
import { digestFile, digestFiles, type Run } from '../../kit/runs/index.ts';
import type { AuditConfiguration } from './configuration.ts';
import { auditItemSchema } from './items.ts';
import { itemKey } from './read-faces.ts';
import type { SetSource } from './sources.ts';

/** A file that is read whole, by its role in the audit. */
interface InputFile {
  readonly role: string;
  readonly path: string;
}

const ONNX = /\.onnx$/i;
const MODEL_FILE = /\.(json|safetensors)$/i;

/** The files that decide an embedding beside the images: embeddings made elsewhere, models with their cards. */
function inputFiles(configuration: AuditConfiguration, sources: readonly SetSource[]): InputFile[] {
  const files: InputFile[] = [];
  for (const source of sources)
    if (source.kind === 'embeddings' || source.archive) files.push({ role: source.set, path: source.source });
  for (const role of ['embedder', 'classifier', 'generator'] as const) {
    const path = configuration[role];
    if (path !== undefined && ONNX.test(path))
      files.push({ role, path }, { role: `${role}Card`, path: cardPathOf(path) });
  }
  return files;
}

function changed(path: string): BiolensError {
  return new BiolensError(
    'input',
    `${path}: changed since this run read it; put the former file back and resume, or start anew with biolens runs rerun`,
    { details: { file: path } },
  );
}

/**
 * Records what the input files hold when a run begins, and refuses to resume one that began with others: its result would rest on both.
 *
 * @throws BiolensError `input` naming the file that changed
 */
export async function recordInputs(
  run: Run,
  configuration: AuditConfiguration,
  sources: readonly SetSource[],
): Promise<void> {
  const recorded = run.record.provenance.digests;
  const digests: Record<string, string> = {};
  for (const { role, path } of inputFiles(configuration, sources)) {
    const digest = await digestFile(path);
    // Runs of former versions recorded none of these before they were done.
    if (recorded[role] !== undefined && recorded[role] !== digest) throw changed(path);
    digests[role] = digest;
  }
  const { generator } = configuration;
  if (generator !== undefined && !ONNX.test(generator)) {
    const digest = await digestFiles(await modelFiles(generator));
    if (recorded.generator !== undefined && recorded.generator !== digest) throw changed(generator);
    digests.generator = digest;
  }
  if (Object.keys(digests).length > 0) await run.note({ digests });
}

/** Configurations and weights of a generator's folder, and of the folders in it. */
async function modelFiles(folder: string): Promise<{ readonly file: string; readonly path: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  return entries
    .filter(entry => entry.isFile() && MODEL_FILE.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({ file: relative(folder, path), path }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** What a run's items know of the bytes they were made of. */
async function itemDigests(run: Run): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for await (const item of run.items(auditItemSchema))
    if (item.digest !== undefined) digests.set(itemKey(item), item.digest);
  return digests;
}

/**
 * Refuses to resume a run when an image that it has read holds other bytes now: the run would be recorded with the new set and rest on
 * the old one. Items of former versions say nothing of the bytes and are taken as they are.
 *
 * @throws BiolensError `input` naming the image; `interrupted`
 */
export async function checkItems(
  run: Run,
  sources: readonly SetSource[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const digests = await itemDigests(run);
  if (digests.size === 0) return;
  for (const source of sources) {
    // An archive is recorded whole.
    if (source.kind !== 'images' || source.archive) continue;
    for (const { file, path } of source.files) {
      const known = digests.get(itemKey({ set: source.set, file }));
      if (known === undefined) continue;
      throwIfAborted(options.signal);
      if ((await digestFile(path).catch(() => null)) !== known) throw changed(path);
    }
  }
}

/**
 * SHA-256 of each set's data: of the file, or of the names and contents of the images as they were when they were read; and of the label
 * tables, which are read when the run ends.
 */
export async function digestSets(
  run: Run,
  sources: readonly SetSource[],
  signal: AbortSignal | undefined,
): Promise<Record<string, string>> {
  const known = await itemDigests(run);
  const digests: Record<string, string> = {};
  for (const source of sources) {
    const { set, kind, labels } = source;
    const within = kind === 'images' && source.archive === true && labels?.source.startsWith(source.source) === true;
    if (labels !== null && set !== 'heldout' && !within) digests[`${set}Labels`] = await digestFile(labels.source);
    // Files of embeddings, and archives, are recorded when the run begins.
    if (kind === 'images' && !source.archive)
      digests[set] = await digestFiles(
        source.files.map(({ file, path }) => ({ file, path, digest: known.get(itemKey({ set, file })) })),
        signal,
      );
  }
  return digests;
}
