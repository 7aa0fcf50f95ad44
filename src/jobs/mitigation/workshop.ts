import type { MitigationRound } from '../../ground/contracts/index.ts';
import { foldIn, type RandomKey } from '../../ground/math/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import type { AuditContext } from './audit-samples.ts';
import type { DiffusionGenerator } from './diffusion-generator.ts';
import type { Goals } from './goals.ts';
import type { PictureSet } from './picture-set.ts';
import type { Prepared } from './prepare.ts';
import type { RoundMeasurement } from './round-measurement.ts';
import type { RunStore } from './run-store.ts';
import { drawSamples, type KeptSide, keptSideSchema, makeSide, type StageProgress } from './side.ts';

/** What a mitigation says between its beginning and its result. */
export type MitigationStep = StageProgress | { readonly type: 'round'; readonly round: MitigationRound };

export interface Sets {
  readonly training: PictureSet;
  readonly heldout: PictureSet | null;
}

/** All that the stages of a run share. */
export interface Workshop {
  readonly run: Run;
  readonly prepared: Prepared;
  readonly sets: Sets;
  readonly context: AuditContext;
  readonly goals: Goals;
  readonly store: RunStore<RoundMeasurement>;
  readonly generator: DiffusionGenerator;
  readonly key: RandomKey;
  readonly signal: AbortSignal | undefined;
}

/** Seconds since `performance.now()` said `start`. */
export const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Samples and audits one side once; a resumed run finds it made. */
export async function* keepSide(
  shop: Workshop,
  options: { readonly name: 'before' | 'after'; readonly firstFid: number | null },
): AsyncGenerator<MitigationStep, KeptSide> {
  const { run, prepared, store, generator, context, goals, key, signal } = shop;
  const { name, firstFid } = options;
  const kept = store.part(name, keptSideSchema);
  if (kept !== null) return kept;
  const start = performance.now();
  const samples = yield* drawSamples(generator, {
    draw: name,
    count: prepared.configuration.auditSamples,
    key: foldIn(key, 'audit'),
    signal,
  });
  const sampling = secondsSince(start);
  const side = yield* makeSide(samples, { run, name, context, goals, firstFid, signal });
  const made = { side, seconds: { sampling, measuring: secondsSince(start) - sampling } };
  await store.savePart(name, made);
  await store.dropSamples(name);
  return made;
}
