import { type AuditReport, auditReportSchema } from '../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import type { SetAttributes } from './attributes.ts';
import { auditEmbeddings } from './audit.ts';
import type { AuditConfiguration } from './configuration.ts';
import type { SetNames } from './embedded-sets.ts';
import { gatherSets, type OpenedSources, openSources } from './gather.ts';
import { planAudit } from './plan.ts';
import type { AuditProgress } from './progress.ts';
import type { ReadEvent } from './read-faces.ts';
import { SAMPLED } from './sampled.ts';
import type { SamplingStep } from './sampling.ts';
import type { SetSource } from './sources.ts';
import type { LabelsAside, Unanswered } from './verdict.ts';

/** What an audit of folders and files says between its beginning and its result. */
export type AuditStep = ReadEvent | AuditProgress | SamplingStep;

/** Reads the faces, measures them, and writes down the result. */
async function* work(
  run: Run,
  opened: OpenedSources & { readonly configuration: AuditConfiguration },
  signal: AbortSignal | undefined,
): AsyncGenerator<AuditStep, AuditReport> {
  const { sources, sets, attributes, labels, summaries, skipped, digests, embedder } = yield* gatherSets(
    run,
    opened,
    signal,
  );
  const { configuration } = opened;
  const runtime = await openRuntime({ device: configuration.device });
  try {
    await run.note({ digests, engine: runtime.engine, device: runtime.device });
    const findings = yield* auditEmbeddings(sets, {
      ...configuration,
      runtime,
      embedder,
      attributes: labels,
      reading: {
        sets: summaries,
        skipped,
        labels: labelsAside(sources),
        unanswered: unansweredOf(configuration, attributes),
      },
      names: namesOf(configuration),
      signal,
    });
    return auditReportSchema.parse({ schema: 'biolens/audit@1', sets: summaries, ...findings, skipped });
  } finally {
    await runtime.close();
  }
}

/** Images of each set that a model which is asked for attributes gave no class of one. */
function unansweredOf(
  { ask }: AuditConfiguration,
  attributes: Readonly<Record<'training' | 'generated', SetAttributes>>,
): Unanswered[] {
  return Object.keys(ask).flatMap(attribute =>
    (['training', 'generated'] as const).map(set => {
      const { items, classified } = attributes[set];
      const n = classified ? items.filter(({ predicted }) => predicted[attribute] === undefined).length : 0;
      return { attribute, set, n, of: items.length };
    }),
  );
}

/** Labels of images that are not there, of the sets whose labels are used. */
function labelsAside(sources: readonly SetSource[]): LabelsAside[] {
  return sources.flatMap(source => {
    if (source.kind !== 'images' || source.labels === null || source.set === 'heldout') return [];
    const { missing = [], unlabelled } = source.labels;
    return [{ set: source.set, missing, unlabelled }];
  });
}

function namesOf({ training, generated = SAMPLED, heldout }: AuditConfiguration): SetNames {
  return { training, generated, heldout: heldout ?? 'held-out set' };
}

/** Opens the sets and networks of an audit; see `auditJob`. */
export async function* openAudit(
  configuration: AuditConfiguration,
  context: OpenContext,
): AsyncGenerator<AuditStep, OpenedJob<AuditConfiguration, AuditStep, AuditReport>> {
  const { signal } = context;
  const opened = await openSources(configuration, context);
  const { sources, reader, maker } = opened;
  const given = sources.find(source => source.kind === 'embeddings');
  return {
    configuration,
    plan: planAudit(configuration, sources, { width: reader?.width ?? given?.matrix.cols ?? 0, maker }),
    work: run => work(run, { ...opened, configuration }, signal),
    [Symbol.asyncDispose]: opened.close,
  };
}
