import type { AuditReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { BUILT_IN, type Classifier } from '../../kit/faces/index.ts';
import type { OpenContext } from '../../kit/job/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import type { SampleMaker } from '../generators/index.ts';
import { openAskedClassifier } from './asked-classifier.ts';
import { resolveAttributes, type SetAttributes } from './attributes.ts';
import { type AttributeLabels, targetOf } from './bias.ts';
import { attributesOfTable, collectSets } from './collect-sets.ts';
import type { AuditConfiguration } from './configuration.ts';
import { checkSource, type EmbeddedSets } from './embedded-sets.ts';
import { type FaceReader, openFaceReader } from './face-reader.ts';
import { checkItems, digestSets, recordInputs } from './provenance.ts';
import { type ReadEvent, readFaces } from './read-faces.ts';
import { openCacheOf } from './reading-cache.ts';
import { SAMPLED } from './sampled.ts';
import { generateSet, openMaker, type SamplingStep } from './sampling.ts';
import { openSource, type SetSource } from './sources.ts';

const EMBEDDINGS = /\.(npy|npz|safetensors)$/i;

/** The sets of an audit as the user named them, and the networks that read them. */
export interface OpenedSources {
  readonly sources: readonly SetSource[];
  readonly reader: FaceReader | null;
  /** Makes the generated images, where they are not given; their source is empty until then. */
  readonly maker: SampleMaker | null;
  close(): Promise<void>;
}

/** The model that is asked for attributes in place of a classifier, if there is one. */
function askedOf(
  { askModel, ask, classifier, faces, training, generated }: AuditConfiguration,
  { environment, fetch }: OpenContext,
): Classifier | undefined {
  const asks = Object.keys(ask).length;
  if (askModel === undefined) {
    if (asks > 0) throw new BiolensError('usage', '--ask-model is missing, which --ask is for');
    return undefined;
  }
  if (asks === 0) throw new BiolensError('usage', '--ask is missing: what is --ask-model asked for?');
  if (classifier !== 'auto')
    throw new BiolensError('usage', `--classifier ${classifier} has no use beside --ask-model, which stands for it`);
  if (faces === 'all')
    throw new BiolensError('usage', '--faces all has no use with --ask-model, which looks at whole images');
  if ([training, generated].every(path => path !== undefined && EMBEDDINGS.test(path)))
    throw new BiolensError('usage', '--ask-model has no images to look at: both sets are embeddings');
  return openAskedClassifier(askModel, ask, { environment, fetch });
}

/** The built-in classifier steps in where labels are missing. */
function classifierOf({ classifier, askModel, ask }: AuditConfiguration, sources: readonly SetSource[]): string {
  if (askModel !== undefined) return `${askModel} ${JSON.stringify(ask)}`;
  if (classifier !== 'auto') return classifier;
  const compared = sources.filter(({ set }) => set !== 'heldout');
  return compared.every(({ labels }) => labels !== null) ? 'none' : BUILT_IN;
}

/**
 * Opens the sets and networks of an audit, and finds what is wrong with them before any work.
 *
 * @throws BiolensError `usage` or `input` naming the field or file
 */
export async function openSources(configuration: AuditConfiguration, context: OpenContext): Promise<OpenedSources> {
  const { signal } = context;
  const asked = askedOf(configuration, context);
  const sources: SetSource[] = [];
  let reader: FaceReader | null = null;
  const close = async (): Promise<void> => {
    for (const source of sources) if (source.kind === 'embeddings') await source.matrix.close();
    await reader?.[Symbol.asyncDispose]();
  };
  try {
    const { training, generated, heldout, trainingLabels, generatedLabels } = configuration;
    const maker = await openMaker(configuration);
    sources.push(await openSource('training', training, { labels: trainingLabels, signal }));
    sources.push(
      generated === undefined
        ? { kind: 'images', set: 'generated', source: SAMPLED, files: [], labels: null }
        : await openSource('generated', generated, { labels: generatedLabels, signal }),
    );
    if (heldout !== undefined) sources.push(await openSource('heldout', heldout, { signal }));
    if (sources.some(({ kind }) => kind === 'images'))
      reader = await openFaceReader({ ...configuration, asked, classifier: classifierOf(configuration, sources) });
    await checkEmbeddings(sources, { width: reader?.width ?? null, embedder: configuration.embedder, signal });
    checkAttributes(sources, { configuration, reader });
    return { sources, reader, maker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Finds what is wrong with files of embeddings before a run is made of them. */
async function checkEmbeddings(
  sources: readonly SetSource[],
  options: { readonly width: number | null; readonly embedder: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const files = sources.filter(source => source.kind === 'embeddings');
  let first =
    options.width === null ? null : { width: options.width, name: `embeddings of the embedder ${options.embedder}` };
  for (const { source, matrix } of files) {
    first ??= { width: matrix.cols, name: `those of ${source}` };
    if (matrix.cols !== first.width)
      throw new BiolensError(
        'input',
        `${source}: embeddings are ${matrix.cols} wide, ${first.name} are ${first.width}`,
        {
          details: { file: source },
        },
      );
    await checkSource(source, matrix, { signal: options.signal });
  }
}

/** Finds names of attributes and classes that nothing knows before a face is read: what the tables and the classifier have is known. */
function checkAttributes(
  sources: readonly SetSource[],
  { configuration, reader }: { readonly configuration: AuditConfiguration; readonly reader: FaceReader | null },
): void {
  const known = (set: SetSource['set']) => {
    const source = sources.find(one => one.set === set);
    return attributesOfTable(source, { classified: source?.kind === 'images' && reader?.classifier != null });
  };
  const labels = resolveAttributes(known('training'), known('generated'), {
    classifier: reader?.classifier ?? null,
    wanted: configuration.attributes,
    target: configuration.target,
  });
  for (const [name, { classes, target }] of labels) targetOf(name, { classes, target });
}

/** What the sets of an audit hold. */
export interface GatheredSets {
  /** As they were read: where the generated images were made by the run, with them. */
  readonly sources: readonly SetSource[];
  readonly sets: EmbeddedSets;
  readonly attributes: Readonly<Record<'training' | 'generated', SetAttributes>>;
  /** Labels of the training and the generated items, by attribute. */
  readonly labels: ReadonlyMap<string, AttributeLabels>;
  readonly summaries: AuditReport['sets'];
  readonly skipped: AuditReport['skipped'];
  readonly digests: Readonly<Record<string, string>>;
  readonly embedder: string;
}

/**
 * Has the generated images made where they are not given, and reads the faces of all sets; what an earlier process did is not done again. The networks are
 * closed after it.
 *
 * @returns after yielding what it works on
 * @throws BiolensError `input` naming a file that changed since the run read it, or a set with fewer than 2 usable images; `interrupted`
 */
export async function* gatherSets(
  run: Run,
  { configuration, sources: opened, reader, maker }: OpenedSources & { readonly configuration: AuditConfiguration },
  signal: AbortSignal | undefined,
): AsyncGenerator<ReadEvent | SamplingStep, GatheredSets> {
  await recordInputs(run, configuration, opened);
  if (maker !== null && run.share !== null)
    throw new BiolensError(
      'usage',
      '"plan" expected images that are there already: generate them first and name them with --generated',
    );
  const sources = maker === null ? opened : yield* generateSet(run, opened, { maker, signal });
  await checkItems(run, sources, { signal });
  if (reader !== null) {
    const classifier = classifierOf(configuration, sources);
    const cache = await openCacheOf(run, { configuration, reader, classifier }).catch(() => null);
    yield* readFaces(run, sources, { reader, cache, signal });
  }
  const digests = await digestSets(run, sources, signal);
  const collected = await collectSets(run, sources, {
    classified: reader?.classifier != null,
    faces: configuration.faces,
  });
  const labels = resolveAttributes(collected.attributes.training, collected.attributes.generated, {
    classifier: reader?.classifier ?? null,
    wanted: configuration.attributes,
    target: configuration.target,
  });
  // The networks are done; their memory is the engine's now.
  await reader?.[Symbol.asyncDispose]();
  return { ...collected, sources, labels, digests, embedder: reader?.embedder ?? 'given embeddings' };
}
