import type { MitigationReport } from '../../ground/contracts/index.ts';
import { sampleName } from './audit-samples.ts';
import type { Goals } from './goals.ts';
import type { LoopResult } from './loop/loop.ts';
import type { PictureSet } from './picture-set.ts';
import type { Prepared } from './prepare.ts';
import { type RoundMeasurement, toReportRound } from './round-measurement.ts';
import { type KeptSide, SHEET } from './side.ts';
import { writeVerdict } from './verdict.ts';

/** A method that is compared, with what it took. */
export interface ComparedSide extends KeptSide {
  readonly method: MitigationReport['comparison'][number]['method'];
  readonly accepted: MitigationReport['comparison'][number]['accepted'];
}

export interface MitigationSides {
  readonly before: KeptSide;
  readonly after: KeptSide;
  readonly comparison: readonly ComparedSide[];
}

/** Nearest training images that the report lists. */
const NEAREST = 24;

function summarise({ source, n, files }: PictureSet): MitigationReport['sets']['training'] {
  return { source, kind: 'images', n, embedded: files.length };
}

function nearestOf({ replication }: KeptSide['side']): MitigationReport['pictures']['nearest']['before'] {
  return replication.pairs
    .slice(0, NEAREST)
    .map(({ generated, training, similarity }) => ({ sample: generated, training, similarity }));
}

/** The settings that decided a run, besides its paths and targets. */
function settingsOf({ configuration }: Prepared): MitigationReport['settings'] {
  const { model, training, heldout, trainingLabels, heldoutLabels, bias, output, rewards, compare, ...settings } =
    configuration;
  return { ...settings, rewards: rewards.join(', '), compare: compare.join(', ') };
}

function secondsOf(sides: MitigationSides, rounds: MitigationReport['rounds']): MitigationReport['timing'] {
  const kept = [sides.before, sides.after, ...sides.comparison];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const sampling = sum([
    ...kept.map(({ seconds }) => seconds.sampling),
    ...rounds.map(({ seconds }) => seconds.sampling),
  ]);
  const measuring = sum([
    ...kept.map(({ seconds }) => seconds.measuring),
    ...rounds.map(({ seconds }) => seconds.measuring),
  ]);
  const tuning = sum(rounds.map(({ seconds }) => seconds.tuning));
  return { total: sampling + measuring + tuning, sampling, measuring, tuning };
}

/** Brings the parts of a mitigation together. */
export function writeReport(parts: {
  readonly prepared: Prepared;
  readonly sets: { readonly training: PictureSet; readonly heldout: PictureSet | null };
  readonly goals: Goals;
  readonly sides: MitigationSides;
  readonly loop: LoopResult<RoundMeasurement>;
}): MitigationReport {
  const { prepared, sets, goals, sides, loop } = parts;
  const { model, configuration } = prepared;
  const { before, after } = sides;
  const rounds = loop.rounds.map(toReportRound);
  const sidesAndRounds = { before: before.side, after: after.side, rounds, stoppedBy: loop.stoppedBy };
  const targets: MitigationReport['targets'] = {
    replication: goals.copied === null ? null : { copied: goals.copied },
    bias: Object.fromEntries(
      goals.targets.map(({ attribute, classes, shares }) => [
        attribute,
        Object.fromEntries(classes.map((name, i) => [name, shares[i]!])),
      ]),
    ),
    tolerance: goals.tolerance,
    quality: goals.qualityFloor === 0 ? null : goals.qualityFloor,
  };
  const mended = after.seconds.sampling / after.side.samples.n;
  return {
    schema: 'biolens/mitigation@1',
    model: {
      source: configuration.model,
      result: 'artifacts/model',
      width: model.config.size,
      height: model.config.size,
      parameters: model.parameters.size,
    },
    sets: { training: summarise(sets.training), heldout: sets.heldout && summarise(sets.heldout) },
    targets,
    settings: settingsOf(prepared),
    verdict: writeVerdict({ ...sidesAndRounds, targets }),
    ...sidesAndRounds,
    chosen: loop.chosen,
    comparison: sides.comparison.map(({ method, side, accepted, seconds }) => ({
      method,
      side,
      accepted,
      secondsPerSample: { method: seconds.sampling / side.samples.n, mended },
    })),
    pictures: {
      sheets: {
        before: 'artifacts/sheets/before.png',
        after: 'artifacts/sheets/after.png',
        columns: SHEET.columns,
      },
      sameNoise: Array.from({ length: Math.min(SHEET.pictures, after.side.samples.n) }, (_, i) => sampleName(i)),
      nearest: { before: nearestOf(before.side), after: nearestOf(after.side) },
    },
    timing: secondsOf(sides, rounds),
  };
}
