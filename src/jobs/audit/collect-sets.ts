import type { AuditReport, SetName } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/index.ts';
import { decodeEmbedding } from '../../kit/face-sets/index.ts';
import type { FacesPolicy } from '../../kit/faces/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import { type MatrixSource, readAll, sourceOf } from '../../kit/tensor/index.ts';
import type { SetAttributes } from './attributes.ts';
import type { EmbeddedSets } from './embedded-sets.ts';
import { faceName } from './face-name.ts';
import { auditItemSchema } from './items.ts';
import { itemKey } from './read-faces.ts';
import { rowName, type SetSource } from './sources.ts';

/** A set with all its embeddings. */
interface CollectedSet {
  readonly rows: MatrixSource;
  /** The same rows where they are in memory already. */
  readonly matrix: Matrix | null;
  readonly id: (row: number) => string;
  /** Digest of the file behind a row, where it is known. */
  readonly content: (row: number) => string | undefined;
  readonly attributes: SetAttributes;
  readonly summary: AuditReport['sets']['training'];
}

export interface CollectedSets {
  readonly sets: EmbeddedSets;
  readonly attributes: { readonly training: SetAttributes; readonly generated: SetAttributes };
  readonly summaries: AuditReport['sets'];
  readonly skipped: AuditReport['skipped'];
}

type Images = Extract<SetSource, { kind: 'images' }>;
type Embeddings = Extract<SetSource, { kind: 'embeddings' }>;
/** A face of an image. */
interface Face {
  readonly embedding: Float32Array;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Reading {
  /** Largest first. */
  readonly faces: readonly Face[];
  /** Faces that were found; undefined where none were looked for. */
  readonly found: number | undefined;
  readonly digest: string | undefined;
}

function collectImages(
  { set, source, files, labels }: Images,
  readings: ReadonlyMap<string, Reading>,
  { classified, faces }: CollectOptions,
): CollectedSet {
  const read = files.flatMap(({ file }) => {
    const reading = readings.get(itemKey({ set, file }));
    return reading === undefined ? [] : [{ file, ...reading }];
  });
  const rows = read.flatMap(({ file, digest, faces: own }) =>
    own.map((face, i) => ({ ...face, file: faceName(file, i), digest: digest && faceName(digest, i), given: i === 0 })),
  );
  const cols = rows[0]?.embedding.length ?? 0;
  const data = new Float32Array(rows.length * cols);
  rows.forEach(({ embedding }, i) => {
    data.set(embedding, i * cols);
  });
  if (read.length < 2)
    throw new BiolensError(
      'input',
      `${source}: a face was found in ${read.length === 0 ? 'none' : 'only one'} of ${files.length} images, an audit needs 2 or more`,
      { details: { file: source } },
    );
  const matrix: Matrix = { rows: rows.length, cols, data };
  const looked = read.some(({ found }) => found !== undefined);
  return {
    matrix,
    rows: sourceOf(matrix),
    id: row => rows[row]?.file ?? '',
    content: row => rows[row]?.digest,
    attributes: {
      given: labels,
      classified,
      // A table says who is meant by an image, not who else is in it.
      items: rows.map(({ file, attributes, given }) => ({
        given: (given ? labels?.byFile.get(file) : undefined) ?? {},
        predicted: attributes,
      })),
    },
    summary: {
      source,
      kind: 'images',
      n: files.length,
      embedded: read.length,
      ...(looked ? { severalFaces: read.filter(({ found = 0 }) => found > 1).length, faces } : {}),
      ...(rows.length > read.length ? { embeddedFaces: rows.length } : {}),
    },
  };
}

function collectEmbeddings(source: Embeddings): CollectedSet {
  const { matrix } = source;
  return {
    matrix: null,
    rows: matrix,
    id: row => rowName(source, row),
    content: () => undefined,
    attributes: attributesOfTable(source, { classified: false }),
    summary: { source: source.source, kind: 'embeddings', n: matrix.rows, embedded: matrix.rows },
  };
}

/** What a set's table says of its items, before any of them is read; nothing of a set that is not there. */
export function attributesOfTable(
  source: SetSource | undefined,
  { classified }: { readonly classified: boolean },
): SetAttributes {
  const rows =
    source?.kind === 'images'
      ? source.files.map(({ file }) => source.labels?.byFile.get(file) ?? {})
      : [...(source?.labels?.byFile.values() ?? [])];
  return { given: source?.labels ?? null, classified, items: rows.map(given => ({ given, predicted: {} })) };
}

export interface CollectOptions {
  readonly classified: boolean;
  /** Which faces of an image were read. */
  readonly faces: FacesPolicy;
}

/**
 * Brings the items of a run and the files of embeddings together into sets. Generated and held-out embeddings are read into
 * memory; a file of training embeddings stays on disk.
 *
 * @throws BiolensError `input` naming a set with fewer than 2 usable images
 */
export async function collectSets(
  run: Run,
  sources: readonly SetSource[],
  options: CollectOptions,
): Promise<CollectedSets> {
  const readings = new Map<string, Reading>();
  const skipped: AuditReport['skipped'] = [];
  const present = new Set(
    sources.flatMap(source =>
      source.kind === 'images' ? source.files.map(({ file }) => itemKey({ set: source.set, file })) : [],
    ),
  );
  for await (const item of run.items(auditItemSchema)) {
    const key = itemKey(item);
    if (!present.has(key)) continue;
    if ('skipped' in item) skipped.push({ set: item.set, file: item.file, reason: item.skipped });
    else
      readings.set(key, {
        faces: [item, ...(item.others ?? [])].map(({ embedding, attributes }) => ({
          embedding: decodeEmbedding(embedding),
          attributes,
        })),
        found: item.faces,
        digest: item.digest,
      });
  }
  const collected = new Map<SetName, CollectedSet>();
  for (const source of sources)
    collected.set(
      source.set,
      source.kind === 'images' ? collectImages(source, readings, options) : collectEmbeddings(source),
    );
  const training = collected.get('training');
  const generated = collected.get('generated');
  const heldout = collected.get('heldout') ?? null;
  if (training === undefined || generated === undefined)
    throw new BiolensError('usage', '"sources" expected a training and a generated set');
  const inMemory = async (set: CollectedSet): Promise<Matrix> => set.matrix ?? readAll(set.rows);
  return {
    sets: {
      training: { rows: training.rows, id: training.id },
      generated: { rows: await inMemory(generated), id: generated.id, content: generated.content },
      heldout: heldout && { rows: await inMemory(heldout), id: heldout.id, content: heldout.content },
    },
    attributes: { training: training.attributes, generated: generated.attributes },
    summaries: { training: training.summary, generated: generated.summary, heldout: heldout?.summary ?? null },
    skipped,
  };
}
