import { basename, join } from 'node:path';
import { type MitigationReport, mitigationReportSchema, type Replication } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import { carryOut, createRun, digestFiles, openRun, type Run, readRunRecord } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import { type DiffusionModel, writeModelFolder } from '../generators/index.ts';
import { type AuditContext, auditSamples } from './audit-samples.ts';
import { compareMethods } from './compare/compare.ts';
import type { MitigationConfiguration, MitigationConfigurationInput } from './configuration.ts';
import { DiffusionGenerator, type DiffusionGeneratorOptions } from './diffusion-generator.ts';
import { type JudgedGoal, judgeGoals } from './goals.ts';
import { classesOfTraining, labelTarget } from './labels.ts';
import { type Judge, runLoop } from './loop/loop.ts';
import { type PictureSet, readPictureSet } from './picture-set.ts';
import { type Prepared, parseConfiguration, prepare } from './prepare.ts';
import { pickReference } from './reference.ts';
import { weighTraining } from './regulariser.ts';
import { type MitigationSides, writeReport } from './report.ts';
import { measureRound, type RoundMeasurement, roundMeasurementSchema, toReportRound } from './round-measurement.ts';
import { RunStore } from './run-store.ts';
import type { Sample } from './sample.ts';
import { scoreSamples } from './score-samples.ts';
import { type KeptSide, SHEET, type StageProgress, writeSheet } from './side.ts';
import { keepSide, type MitigationEvent, type Workshop } from './workshop.ts';

export interface MitigationRunOptions {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default the name of the model's. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function* readSets({ configuration, model, reader }: Prepared, signal: AbortSignal | undefined) {
  const side = model.config.size;
  const { training, heldout, trainingLabels, heldoutLabels } = configuration;
  async function* read(
    set: 'training' | 'heldout',
    source: string,
    labels: string | undefined,
  ): AsyncGenerator<StageProgress, PictureSet> {
    const work = readPictureSet(set, source, { reader, side, labels, signal });
    let step = await work.next();
    while (!step.done) {
      yield { type: 'progress', stage: `reading ${set}`, ...step.value };
      step = await work.next();
    }
    return step.value;
  }
  return {
    training: yield* read('training', training, trainingLabels),
    heldout: heldout === undefined ? null : yield* read('heldout', heldout, heldoutLabels),
  };
}

function digestSet({ source, files }: PictureSet, signal: AbortSignal | undefined): Promise<string> {
  return digestFiles(
    files.map(file => ({ file, path: join(source, file) })),
    signal,
  );
}

/** How far the goals are missed; where a reward model is the only one, less for more of its reward. */
function distanceOf(judged: readonly JudgedGoal[], rewards: Float32Array): number {
  const measured = judged.filter(({ state }) => state.goal !== 'quality');
  if (measured.length === 0) return -rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  return measured.reduce((sum, { distance }) => sum + distance, 0);
}

/** Measures and rewards the samples of a round. */
function judgeOf(shop: Workshop, duplicates: Replication['duplicates']): Judge<Sample, RoundMeasurement> {
  const { run, prepared, sets, context, goals, generator, key } = shop;
  const { regulariser } = prepared.configuration;
  return async (samples, { round, before, signal }) => {
    const number = String(round).padStart(3, '0');
    const sheetSamples = await generator.sample({
      draw: `sheet-${number}`,
      key: foldIn(key, 'audit'),
      first: 0,
      count: SHEET.pictures,
      signal,
    });
    const work = auditSamples(samples, context, { signal });
    let step = await work.next();
    while (!step.done) step = await work.next();
    const audit = step.value;
    const judged = judgeGoals(audit, goals, before[0]?.quality.fid.value ?? null);
    const scores = await scoreSamples(samples, audit, {
      settings: prepared.configuration,
      targets: prepared.targets,
      models: prepared.models,
      before,
      signal,
    });
    const aimed = context.targets.map(({ target, labels }) => ({
      target: { ...target, shares: target.classes.map(name => scores.aim[target.attribute]?.[name] ?? 0) },
      labels,
    }));
    const sheet = await writeSheet(run, `round-${number}`, sheetSamples);
    return {
      measurement: measureRound(audit, { goals: judged, scores, sheet }),
      rewards: scores.rewards,
      training: weighTraining(sets.training, { regulariser, duplicates, targets: aimed }),
      held: judged.some(({ state }) => state.goal !== 'quality') && judged.every(({ state }) => state.holds),
      distance: distanceOf(judged, scores.rewards),
      spoiled: judged.some(({ state, surelyMissed }) => state.goal === 'quality' && surelyMissed),
      wants: Math.max(0, ...judged.map(({ wants }) => wants)),
    };
  };
}

async function* tune(shop: Workshop, before: KeptSide['side']) {
  const { prepared, generator, store, key, signal } = shop;
  const { configuration } = prepared;
  const loop = runLoop({
    generator,
    judge: judgeOf(shop, before.replication.duplicates),
    journal: store,
    rounds: configuration.rounds,
    samples: {
      count: configuration.samples,
      most: Math.max(configuration.samples, configuration.auditSamples),
    },
    block: 64,
    gamma: configuration.gamma,
    key: foldIn(key, 'loop'),
    signal,
  });
  let step = await loop.next();
  while (!step.done) {
    const event = step.value;
    const told: MitigationEvent =
      event.type === 'round'
        ? { type: 'round', round: toReportRound(event.round) }
        : { type: 'progress', stage: `round ${event.round}: ${event.stage}`, done: event.done, total: event.total };
    yield told;
    step = await loop.next();
  }
  return step.value;
}

function makeGenerator(
  { runtime, training }: AuditContext,
  { model, configuration, reader }: Prepared,
  store: RunStore<RoundMeasurement>,
  options: Pick<DiffusionGeneratorOptions, 'guideOf'> = {},
): DiffusionGenerator {
  return new DiffusionGenerator({
    runtime,
    model,
    settings: configuration,
    training: training.images,
    trainingClasses: classesOfTraining(training, model.classes),
    reader,
    store,
    ...options,
  });
}

async function* work(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<MitigationEvent, MitigationReport> {
  const { configuration, reader, targets } = prepared;
  const sets = yield* readSets(prepared, signal);
  const { training, heldout } = sets;
  const classifier = reader.classifier?.name ?? 'none';
  const labelled = targets.map(target => ({
    target,
    labels: labelTarget(target, {
      training,
      heldout,
      classifier,
      cardConfusion: prepared.cardConfusions[target.attribute],
    }),
  }));
  const runtime = await openRuntime({ device: configuration.device });
  try {
    await run.note({
      digests: {
        training: await digestSet(training, signal),
        ...(heldout === null ? {} : { heldout: await digestSet(heldout, signal) }),
      },
      engine: runtime.engine,
      device: runtime.device,
    });
    const store = await RunStore.open(run, roundMeasurementSchema);
    const context: AuditContext = {
      runtime,
      ...sets,
      reference: heldout && pickReference(heldout, { targets, classifier, key: randomKey(configuration.seed) }),
      targets: labelled,
      embedder: reader.embedder,
      classifier,
      permutations: configuration.permutations,
      seed: configuration.seed,
    };
    const shop: Workshop = {
      run,
      prepared,
      sets,
      context,
      goals: {
        copied: configuration.replication ? configuration.copied : null,
        targets,
        tolerance: configuration.tolerance,
        qualityFloor: configuration.qualityFloor,
      },
      store,
      generator: makeGenerator(context, prepared, store),
      key: foldIn(randomKey(configuration.seed), 'mitigation'),
      signal,
    };
    const before = yield* keepSide(shop, { name: 'before', firstFid: null });
    const loop = yield* tune(shop, before.side);
    const after = yield* keepSide(shop, { name: 'after', firstFid: before.side.quality.fid.value });
    const comparison = yield* compareMethods(shop, before.side, options =>
      makeGenerator(context, prepared, store, options),
    );
    const sides: MitigationSides = { before, after, comparison };
    await writeModels(run, configuration, shop.generator.model);
    await shop.generator[Symbol.asyncDispose]();
    return mitigationReportSchema.parse(writeReport({ prepared, sets, goals: shop.goals, sides, loop }));
  } finally {
    await runtime.close();
  }
}

async function writeModels(run: Run, configuration: MitigationConfiguration, model: DiffusionModel): Promise<void> {
  await writeModelFolder(await run.artifactPath('model'), model);
  if (configuration.output !== undefined) await writeModelFolder(configuration.output, model);
}

/** Does the work of a run and ends it: as done, as interrupted, or as failed with the reason. */
async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<MitigationEvent, MitigationReport> {
  const report = yield* carryOut(run, () => work(run, prepared, signal));
  yield { type: 'result', id: run.id, path: run.path, report };
  return report;
}

/**
 * Mends a diffusion model that copies its training pictures or skews their mix, by fine-tuning it with rewards on its own samples.
 *
 * It is a run: a folder that can be killed at any instant and resumed, and ends at the same weights. The mended model is in its
 * `artifacts/model`.
 *
 * @param input what to mend and how; defaults are those of `mitigationConfigurationSchema`
 * @returns events, and at the end the report, which is in the run's `report.json` too
 * @throws BiolensError `usage` or `input` naming the field or file; `interrupted` when the signal is aborted, with the run left to
 * be resumed
 */
export async function* mitigationRun(
  input: MitigationConfigurationInput,
  options: MitigationRunOptions = {},
): AsyncGenerator<MitigationEvent, MitigationReport> {
  const { runsDir, signal } = options;
  const configuration = parseConfiguration(input);
  await using prepared = await prepare(configuration);
  const run = await createRun({
    kind: 'mitigate',
    name: options.name ?? basename(configuration.model),
    configuration,
    seed: configuration.seed,
    ...(runsDir === undefined ? {} : { runsDir }),
  });
  return yield* workOn(run, prepared, signal);
}

/**
 * Goes on with a mitigation that was interrupted or killed: what it has drawn, measured and tuned is not done again.
 *
 * @param path the run's folder
 * @throws BiolensError `usage` when the run is done, is no mitigation or is worked on by another process; otherwise as `mitigationRun`
 */
export async function* resumeMitigation(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<MitigationEvent, MitigationReport> {
  const record = await readRunRecord(path);
  if (record.kind !== 'mitigate')
    throw new BiolensError('usage', `${path}: expected a mitigation, got a run of ${record.kind}`);
  await using prepared = await prepare(parseConfiguration(record.configuration));
  return yield* workOn(await openRun(path), prepared, options.signal);
}
