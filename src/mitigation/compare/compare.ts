import { type Metric, type MitigationSide, metricSchema } from '../../contracts/index.ts';
import { foldIn } from '../../math/index.ts';
import type { DiffusionGenerator } from '../diffusion-generator.ts';
import type { ComparedSide } from '../report.ts';
import type { Sample } from '../sample.ts';
import { keptSideSchema, makeSide } from '../side.ts';
import { type MitigationEvent, secondsSince, type Workshop } from '../workshop.ts';
import { rejectSamples } from './rejection.ts';

const comparedSchema = keptSideSchema.extend({ accepted: metricSchema });

type Draw = { readonly samples: readonly Sample[]; readonly accepted: Metric };

async function* drawBy(
  method: ComparedSide['method'],
  shop: Workshop,
  { before, generator }: { readonly before: MitigationSide; readonly generator: DiffusionGenerator },
): AsyncGenerator<MitigationEvent, Draw> {
  const { prepared, context, key, signal } = shop;
  const { auditSamples: count, replication } = prepared.configuration;
  return yield* rejectSamples(generator, { count, context, before, replication, key: foldIn(key, method), signal });
}

/**
 * Measures other ways to the same targets, which leave the model as it was given.
 *
 * @param openGenerator the model as it was given
 */
export async function* compareMethods(
  shop: Workshop,
  before: MitigationSide,
  openGenerator: () => DiffusionGenerator,
): AsyncGenerator<MitigationEvent, ComparedSide[]> {
  const { run, prepared, context, goals, store, signal } = shop;
  const compared: ComparedSide[] = [];
  for (const method of prepared.configuration.compare) {
    const kept = store.part(method, comparedSchema);
    if (kept !== null) {
      compared.push({ method, ...kept });
      continue;
    }
    const start = performance.now();
    const generator = openGenerator();
    const { samples, accepted } = yield* drawBy(method, shop, { before, generator });
    await generator.close();
    const sampling = secondsSince(start);
    const firstFid = before.quality.fid.value;
    const side = yield* makeSide(samples, { run, name: method, context, goals, firstFid, signal });
    const made = { side, accepted, seconds: { sampling, measuring: secondsSince(start) - sampling } };
    await store.savePart(method, made);
    await store.dropSamples(method);
    compared.push({ method, ...made });
  }
  return compared;
}
