import type { Metric, MitigationSide } from '../../../ground/contracts/index.ts';
import { throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, openStream, proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import type { AuditContext } from '../audit-samples.ts';
import type { TunableGenerator } from '../loop/generator.ts';
import { toMatrix } from '../picture-set.ts';
import type { Sample } from '../sample.ts';
import { BLOCK, type StageProgress } from '../side.ts';
import { acceptanceRates, confusionOfKept, KeptCounts } from './acceptance.ts';
import { openTrainingSimilarity } from './training-similarity.ts';

/** The same audit, but with the errors that the classifier makes on what was kept by its own answers. */
function contextOfKept(context: AuditContext, counts: KeptCounts): AuditContext {
  const targets = context.targets.map(({ target, labels }) => {
    const { confusion } = labels;
    if (confusion === null) return { target, labels };
    const rates = counts.ratesOf(target.attribute, target.classes);
    return { target, labels: { ...labels, confusion: confusionOfKept(confusion, rates) } };
  });
  return { ...context, targets };
}

/** Samples generated for each that is wanted, after which rejection gives up. */
const MOST_DRAWN = 20;

/** Attribute → predicted class → probability that a sample of it is kept. */
function ratesOf(context: AuditContext, before: MitigationSide): Map<string, Map<string, number>> {
  return new Map(
    context.targets.map(({ target }) => {
      const { attribute, classes, shares } = target;
      const found = before.bias.attributes[attribute];
      const measured = found?.corrected?.generated ?? found?.generated ?? {};
      const rates = acceptanceRates(
        classes.map(name => measured[name]?.value ?? 0),
        shares,
        found?.corrected?.confusion ?? null,
      );
      return [attribute, new Map(classes.map((name, i) => [name, rates[i]!]))];
    }),
  );
}

/**
 * Rejection sampling: samples the model as it was given, keeps samples so often as their classes are wanted, and none that an audit would call a copy.
 *
 * It changes no weights and needs no training; it costs the samples that are thrown away, and the classifier and embedder at hand whenever samples are generated.
 *
 * @returns the kept samples, fewer than wanted when {@link MOST_DRAWN} for each did not suffice, the share that was kept, and what they are to be audited by
 */
export async function* rejectSamples(
  generator: Pick<TunableGenerator<Sample>, 'sample'>,
  options: {
    readonly count: number;
    readonly context: AuditContext;
    readonly before: MitigationSide;
    /** Whether copies are to be kept out. */
    readonly replication: boolean;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<
  StageProgress,
  { readonly samples: Sample[]; readonly accepted: Metric; readonly context: AuditContext }
> {
  const { count, context, before, replication, key, signal } = options;
  const rates = ratesOf(context, before);
  const limit = replication
    ? (before.replication.callable ?? before.replication.threshold ?? 1)
    : Number.POSITIVE_INFINITY;
  const similarityOf = openTrainingSimilarity(context.runtime, context.training.embeddings);
  const stream = openStream(foldIn(key, 'kept'));
  const kept: Sample[] = [];
  const counts = new KeptCounts();
  let drawn = 0;
  let accepted = 0;
  while (kept.length < count && drawn < MOST_DRAWN * count) {
    throwIfAborted(signal);
    yield { type: 'progress', stage: 'rejection: sampling', done: kept.length, total: count };
    const some = await generator.sample({ draw: 'rejection', key, first: drawn, count: BLOCK, signal });
    drawn += some.length;
    const readable = some.filter(({ reading }) => reading !== null);
    const similarities =
      readable.length === 0
        ? new Float32Array()
        : await similarityOf(toMatrix(readable.map(({ reading }) => reading!.embedding)), { signal });
    readable.forEach((sample, i) => {
      let rate = 1;
      for (const [attribute, byClass] of rates) rate *= byClass.get(sample.reading?.attributes[attribute] ?? '') ?? 0;
      // A number is drawn for every sample, so that what is kept does not depend on what else is asked for.
      const wanted = stream.uniform() < rate;
      const keep = wanted && similarities[i]! < limit;
      counts.count(sample.reading?.attributes ?? {}, keep);
      if (!keep) return;
      accepted++;
      if (kept.length < count) kept.push(sample);
    });
  }
  return { samples: kept, accepted: proportionMetric(accepted, drawn), context: contextOfKept(context, counts) };
}
