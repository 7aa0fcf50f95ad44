import { BiolensError } from '../../ground/errors.ts';
import { randomKey } from '../../ground/math/index.ts';
import type { ParameterSet } from '../../kit/tensor/index.ts';
import type { BetaSchedule, NoiseSchedule, Prediction } from './noise/schedule.ts';
import { readUNetConfig, type UNetConfig } from './unet/config.ts';
import { unetParameters } from './unet/network.ts';

/** A U-Net with its weights and the noise that it was made for. */
export interface DiffusionModel {
  readonly config: UNetConfig;
  readonly noise: NoiseSchedule;
  /** Names of the classes that it is conditioned on; null: it is not. */
  readonly classes: readonly string[] | null;
  /** What the classes are classes of, such as `gender`; null where nothing says so. */
  readonly attribute: string | null;
  readonly parameters: ParameterSet;
  /** All parameters in one vector, in the order of `parameters.list`. */
  readonly weights: Float32Array;
  /** What reading its folder decided that a user should know of, a line each. */
  readonly warnings?: readonly string[];
}

export interface ModelOptions {
  /** Height and width in pixels: a multiple of 2 for every stage but the last. */
  readonly size: number;
  /** 3 for colour (the default), 1 for grey. */
  readonly channels?: number;
  /** Channels of each stage, from fine to coarse. */
  readonly blockChannels: readonly number[];
  /** Residual blocks of a stage on the way down. Default 1. */
  readonly layersPerBlock?: number;
  /** Stages with self-attention, counted from the finest. Default: those of 8 × 8 pixels and less, beside the middle. */
  readonly attentionStages?: readonly number[];
  /** Channels of one attention head. Default: all, one head. */
  readonly headChannels?: number;
  /** Groups of the normalisations. Default: the largest of 8, 4, 2, 1 that divides all channels. */
  readonly normGroups?: number;
  readonly dropout?: number;
  /** Default `v`. */
  readonly prediction?: Prediction;
  /** Default `cosine`. */
  readonly schedule?: BetaSchedule;
  /** Steps T of training. Default 1000. */
  readonly trainSteps?: number;
  readonly classes?: readonly string[] | null;
  readonly attribute?: string | null;
  readonly seed: number;
}

const MOST_ATTENDED = 8;

/**
 * A fresh model.
 *
 * @throws {BiolensError} `usage` naming the option that does not fit.
 * @example
 * const model = createModel({ size: 32, blockChannels: [32, 64, 64], seed: 1 });
 */
export function createModel({
  size,
  channels = 3,
  blockChannels,
  layersPerBlock = 1,
  attentionStages = blockChannels.flatMap((_, i) => (size / 2 ** i <= MOST_ATTENDED ? [i] : [])),
  headChannels,
  normGroups = [8, 4, 2, 1].find(groups => blockChannels.every(count => count % groups === 0)) ?? 1,
  dropout = 0,
  prediction = 'v',
  schedule = 'cosine',
  trainSteps = 1000,
  classes = null,
  attribute = null,
  seed,
}: ModelOptions): DiffusionModel {
  if (classes !== null && (classes.length === 0 || new Set(classes).size < classes.length))
    throw new BiolensError('usage', `"classes" expected different names, got [${classes.join(', ')}]`);
  const attends = (stage: number) => attentionStages.includes(stage);
  const stages = blockChannels.map((_, stage) => stage);
  const config = parseOptions({
    sample_size: size,
    in_channels: channels,
    out_channels: channels,
    block_out_channels: [...blockChannels],
    down_block_types: stages.map(stage => (attends(stage) ? 'AttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: stages.toReversed().map(stage => (attends(stage) ? 'AttnUpBlock2D' : 'UpBlock2D')),
    layers_per_block: layersPerBlock,
    attention_head_dim: headChannels ?? null,
    norm_num_groups: normGroups,
    dropout,
    num_class_embeds: classes === null ? null : classes.length,
  });
  const noise: NoiseSchedule = {
    trainSteps,
    schedule,
    betaStart: 0.0001,
    betaEnd: 0.02,
    prediction,
    clipRange: 1,
    setAlphaToOne: true,
    stepsOffset: 0,
    spacing: 'trailing',
  };
  const parameters = unetParameters(config);
  return { config, noise, classes, attribute, parameters, weights: parameters.draw(randomKey(seed)) };
}

/** The same checks as for a file, said of options. */
function parseOptions(json: Readonly<Record<string, unknown>>): UNetConfig {
  try {
    return readUNetConfig(json, { file: 'createModel' });
  } catch (error) {
    if (!(error instanceof BiolensError)) throw error;
    throw new BiolensError('usage', error.message, { details: error.details, cause: error });
  }
}
