import { basename, resolve } from 'node:path';
import { type AuditReport, auditReportSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { BUILT_IN } from '../../kit/faces/index.ts';
import { carryOut, createRun, openRun, type Run, readRunRecord } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import { resolveAttributes } from './attributes.ts';
import { auditEmbeddings } from './audit.ts';
import { collectSets } from './collect-sets.ts';
import { type AuditConfiguration, type AuditConfigurationInput, auditConfigurationSchema } from './configuration.ts';
import { checkSource, type SetNames } from './embedded-sets.ts';
import { type FaceReader, openFaceReader } from './face-reader.ts';
import type { AuditProgress } from './progress.ts';
import { type ReadEvent, readFaces } from './read-faces.ts';
import { digestSource, openSource, type SetSource } from './sources.ts';

/** What an audit of folders and files says while it works. */
export type AuditEvent =
  | { readonly type: 'run'; readonly id: string; readonly path: string }
  | ReadEvent
  | AuditProgress
  | { readonly type: 'result'; readonly id: string; readonly path: string; readonly report: AuditReport };

export interface AuditRunOptions {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default the name of the generated set. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything that can be wrong before the first image is read, opened and checked. */
interface Prepared {
  readonly configuration: AuditConfiguration;
  readonly sources: readonly SetSource[];
  readonly reader: FaceReader | null;
  close(): Promise<void>;
}

/** Checks a configuration, naming the first field that is wrong, and makes its paths absolute. */
function parseConfiguration(input: unknown): AuditConfiguration {
  const parsed = auditConfigurationSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('usage', `"${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
  }
  const { training, generated, heldout, trainingLabels, generatedLabels, ...rest } = parsed.data;
  const optional = { heldout, trainingLabels, generatedLabels };
  const absolute = Object.entries(optional).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, resolve(path)]],
  );
  return { ...rest, training: resolve(training), generated: resolve(generated), ...Object.fromEntries(absolute) };
}

/** The built-in classifier steps in where labels are missing. */
function classifierOf({ classifier }: AuditConfiguration, sources: readonly SetSource[]): string {
  if (classifier !== 'auto') return classifier;
  const compared = sources.filter(({ set }) => set !== 'heldout');
  return compared.every(({ labels }) => labels !== null) ? 'none' : BUILT_IN;
}

async function prepare(configuration: AuditConfiguration, signal: AbortSignal | undefined): Promise<Prepared> {
  const sources: SetSource[] = [];
  let reader: FaceReader | null = null;
  const close = async (): Promise<void> => {
    for (const source of sources) if (source.kind === 'embeddings') await source.matrix.close();
    await reader?.[Symbol.asyncDispose]();
  };
  try {
    const { training, generated, heldout, trainingLabels, generatedLabels } = configuration;
    sources.push(await openSource('training', training, { labels: trainingLabels, signal }));
    sources.push(await openSource('generated', generated, { labels: generatedLabels, signal }));
    if (heldout !== undefined) sources.push(await openSource('heldout', heldout, { signal }));
    if (sources.some(({ kind }) => kind === 'images'))
      reader = await openFaceReader({ ...configuration, classifier: classifierOf(configuration, sources) });
    await checkEmbeddings(sources, { width: reader?.width ?? null, embedder: configuration.embedder, signal });
    return { configuration, sources, reader, close };
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

/** Reads the faces, measures them, and writes down the result. */
async function* work(
  run: Run,
  { configuration, sources, reader }: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<AuditEvent, AuditReport> {
  if (reader !== null) yield* readFaces(run, sources, { reader, signal });
  const digests = await Promise.all(
    sources.map(async source => [source.set, await digestSource(source, signal)] as const),
  );
  const { sets, attributes, summaries, skipped } = await collectSets(run, sources, {
    classified: reader?.classifier != null,
  });
  const labels = resolveAttributes(attributes.training, attributes.generated, {
    classifier: reader?.classifier ?? null,
    wanted: configuration.attributes,
    target: configuration.target,
  });
  // The networks are done; their memory is the engine's now.
  await reader?.[Symbol.asyncDispose]();
  const runtime = await openRuntime({ device: configuration.device });
  try {
    await run.note({ digests: Object.fromEntries(digests), engine: runtime.engine, device: runtime.device });
    const findings = yield* auditEmbeddings(sets, {
      ...configuration,
      runtime,
      embedder: reader?.embedder ?? 'given embeddings',
      attributes: labels,
      names: namesOf(configuration),
      signal,
    });
    return auditReportSchema.parse({ schema: 'biolens/audit@1', sets: summaries, ...findings, skipped });
  } finally {
    await runtime.close();
  }
}

/** Does the work of a run and ends it: as done, as interrupted, or as failed with the reason. */
async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<AuditEvent, AuditReport> {
  const report = yield* carryOut(run, () => work(run, prepared, signal));
  yield { type: 'result', id: run.id, path: run.path, report };
  return report;
}

function namesOf({ training, generated, heldout }: AuditConfiguration): SetNames {
  return { training, generated, heldout: heldout ?? 'held-out set' };
}

/**
 * Audits folders of images or files of embeddings as a run: a folder that can be killed at any instant and resumed.
 *
 * Wrong input is found before the run's folder is made, as far as it can be without decoding images.
 *
 * @param input what to audit and how; defaults are those of `auditConfigurationSchema`
 * @returns events, and at the end the report, which is in the run's `report.json` too
 * @throws BiolensError `usage` or `input` naming the field or file; `interrupted` when the signal is aborted, with the run
 * left to be resumed
 */
export async function* auditRun(
  input: AuditConfigurationInput,
  options: AuditRunOptions = {},
): AsyncGenerator<AuditEvent, AuditReport> {
  const { runsDir, signal } = options;
  const prepared = await prepare(parseConfiguration(input), signal);
  try {
    const { configuration } = prepared;
    const run = await createRun({
      kind: 'audit',
      name: options.name ?? basename(configuration.generated),
      configuration,
      seed: configuration.seed,
      ...(runsDir === undefined ? {} : { runsDir }),
    });
    return yield* workOn(run, prepared, signal);
  } finally {
    await prepared.close();
  }
}

/**
 * Goes on with an audit that was interrupted or killed: images that were read are not read again.
 *
 * @param path the run's folder
 * @throws BiolensError `usage` when the run is done, is not an audit or is worked on by another process; otherwise as `auditRun`
 */
export async function* resumeAudit(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<AuditEvent, AuditReport> {
  const { signal } = options;
  const record = await readRunRecord(path);
  if (record.kind !== 'audit')
    throw new BiolensError('usage', `${path}: expected an audit, got a run of ${record.kind}`);
  const prepared = await prepare(parseConfiguration(record.configuration), signal);
  try {
    return yield* workOn(await openRun(path), prepared, signal);
  } finally {
    await prepared.close();
  }
}
