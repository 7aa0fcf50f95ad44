import { type Metric, type MitigationSide, metricSchema } from '../../../ground/contracts/index.ts';
import { foldIn, proportionMetric } from '../../../ground/math/index.ts';
import type { AuditContext } from '../audit-samples.ts';
import type { DiffusionGenerator, DiffusionGeneratorOptions } from '../diffusion-generator.ts';
import type { ComparedSide } from '../report.ts';
import type { Sample } from '../sample.ts';
import { drawSamples, keptSideSchema, makeSide } from '../side.ts';
import { type MitigationStep, secondsSince, type Workshop } from '../workshop.ts';
import { openGuidance } from './guidance.ts';
import { rejectSamples } from './rejection.ts';

const comparedSchema = keptSideSchema.extend({ accepted: metricSchema });

/** Opens the model as it was given. */
export type OpenGenerator = (options: Pick<DiffusionGeneratorOptions, 'guideOf'>) => DiffusionGenerator;

type Draw = { readonly samples: readonly Sample[]; readonly accepted: Metric; readonly context: AuditContext };

async function* drawBy(
  method: ComparedSide['method'],
  shop: Workshop,
  before: MitigationSide,
  openGenerator: OpenGenerator,
): AsyncGenerator<MitigationStep, Draw> {
  const { prepared, context, key, signal } = shop;
  const { auditSamples: count, replication } = prepared.configuration;
  if (method === 'rejection') {
    await using generator = openGenerator({});
    return yield* rejectSamples(generator, { count, context, before, replication, key: foldIn(key, method), signal });
  }
  await using guidance = await openGuidance(prepared, context, { key: foldIn(key, method), signal });
  await using generator = openGenerator({ guideOf: guidance.guideOf });
  const samples = yield* drawSamples(generator, { draw: method, count, key: foldIn(key, 'audit'), signal });
  return { samples, accepted: proportionMetric(samples.length, samples.length), context };
}

/**
 * Measures other ways to the same targets, which leave the model as it was given.
 *
 * @param openGenerator the model as it was given, with a guide or without
 */
export async function* compareMethods(
  shop: Workshop,
  before: MitigationSide,
  openGenerator: OpenGenerator,
): AsyncGenerator<MitigationStep, ComparedSide[]> {
  const { run, prepared, goals, store, signal } = shop;
  const compared: ComparedSide[] = [];
  for (const method of prepared.configuration.compare) {
    const kept = store.part(method, comparedSchema);
    if (kept !== null) {
      compared.push({ method, ...kept });
      continue;
    }
    const start = performance.now();
    const { samples, accepted, context } = yield* drawBy(method, shop, before, openGenerator);
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
