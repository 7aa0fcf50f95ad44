import { join } from 'node:path';
import { type MitigationReport, mitigationReportSchema, type Replication } from '../../ground/contracts/index.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import { digestFiles, type Run } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import { type DiffusionModel, writeModelFolder } from '../generators/index.ts';
import { type AuditContext, auditSamples } from './audit-samples.ts';
import { compareMethods } from './compare/compare.ts';
import type { MitigationConfiguration } from './configuration.ts';
import { DiffusionGenerator, type DiffusionGeneratorOptions } from './diffusion-generator.ts';
import { type JudgedGoal, judgeGoals } from './goals.ts';
import { classesOfTraining, labelTarget } from './labels.ts';
import { type Judge, type LoopEvent, runLoop } from './loop/loop.ts';
import { type PictureFolder, type PictureSet, readPictureSet } from './picture-set.ts';
import type { Prepared } from './prepare.ts';
import { pickReference } from './reference.ts';
import { weighTraining } from './regulariser.ts';
import { type MitigationSides, writeReport } from './report.ts';
import { measureRound, type RoundMeasurement, roundMeasurementSchema, toReportRound } from './round-measurement.ts';
import { RunStore } from './run-store.ts';
import type { Sample } from './sample.ts';
import { scoreSamples } from './score-samples.ts';
import { type KeptSide, SHEET, type StageProgress, writeSheet } from './side.ts';
import { keepSide, type MitigationStep, type Workshop } from './workshop.ts';

async function* readSets({ folders, model, reader }: Prepared, signal: AbortSignal | undefined) {
  const side = model.config.size;
  async function* read(folder: PictureFolder): AsyncGenerator<StageProgress, PictureSet> {
    const work = readPictureSet(folder, { reader, side, signal });
    let step = await work.next();
    while (!step.done) {
      yield { type: 'progress', stage: `reading ${folder.set}`, ...step.value };
      step = await work.next();
    }
    return step.value;
  }
  return {
    training: yield* read(folders.training),
    heldout: folders.heldout === null ? null : yield* read(folders.heldout),
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
    const told: MitigationStep =
      event.type === 'round'
        ? { type: 'round', round: toReportRound(event.round) }
        : { type: 'progress', stage: stageOf(event), done: event.done, total: event.total };
    yield told;
    step = await loop.next();
  }
  return step.value;
}

/** A stage has a name, and a clock, of its own. */
function stageOf({ round, stage, pass }: Extract<LoopEvent<unknown>, { type: 'loop' }>): string {
  return `round ${round}: ${stage}${pass === 1 ? '' : `, pass ${pass}`}`;
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

/** Measures the model as it was given, fine-tunes it round by round, and measures what it became, from where the run stands. */
export async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<MitigationStep, MitigationReport> {
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
