import { BiolensError } from '../../../ground/errors.ts';
import * as t from '../../../kit/tensor/index.ts';
import type { UNetConfig } from './config.ts';
import { activate, convolve, enlarge, normalise, project, type UNetContext } from './layers.ts';
import { residualBlock } from './residual-block.ts';
import { selfAttention } from './self-attention.ts';

export interface UNetInputs {
  /** `[n, inChannels, size, size]` */
  readonly x: t.Value;
  /** The sines and cosines of {@link timeFeatures}, `[n, width]`. */
  readonly time: t.Value;
  /** int64 `[n]`, for a network of classes. */
  readonly labels?: t.Value | undefined;
}

/** Width of {@link timeFeatures}. */
export function timeFeatureWidth({ down }: UNetConfig): number {
  return down[0]!.channels;
}

/**
 * Sines and cosines of times (Vaswani et al. 2017, §3.5), in single precision where diffusers rounds.
 *
 * @param times training times, 0 … T − 1
 * @returns `[times, width]`
 */
export function timeFeatures(times: ArrayLike<number>, config: UNetConfig): Float32Array {
  const width = timeFeatureWidth(config);
  const half = Math.floor(width / 2);
  const features = new Float32Array(times.length * width);
  const [cosineAt, sineAt] = config.flipSinToCos ? [0, half] : [half, 0];
  for (let k = 0; k < half; k++) {
    const exponent = Math.fround(Math.fround(-Math.log(10000) * k) / (half - config.frequencyShift));
    const frequency = Math.fround(Math.exp(exponent));
    for (let i = 0; i < times.length; i++) {
      const angle = Math.fround(times[i]! * frequency);
      features[i * width + cosineAt + k] = Math.cos(angle);
      features[i * width + sineAt + k] = Math.sin(angle);
    }
  }
  return features;
}

/** Time and class as one vector, after the non-linearity that each residual block would apply. */
function embedTime(context: UNetContext, { time, labels }: UNetInputs): t.Value {
  const { config, lookup } = context;
  const width = config.timeEmbeddingWidth;
  const first = project(context, time, 'time_embedding.linear_1', { from: timeFeatureWidth(config), to: width });
  const embedded = project(context, t.silu(first), 'time_embedding.linear_2', { from: width, to: width });
  if (config.classCount === null) return activate(context, embedded);
  if (labels === undefined) throw new BiolensError('usage', 'buildUNet: a network of classes needs labels');
  const table = lookup('class_embedding.weight', {
    shape: [config.classCount, width],
    start: { kind: 'normal', stdDev: 1 },
  });
  return activate(context, t.add(embedded, t.gather(table, labels)));
}

function goDown(context: UNetContext, input: t.Value, time: t.Value): { x: t.Value; skips: t.Value[] } {
  const { down, layersPerBlock, normGroups, downsamplePadding } = context.config;
  let x = input;
  let from = down[0]!.channels;
  const skips = [x];
  for (const [i, { channels, attention }] of down.entries()) {
    for (let j = 0; j < layersPerBlock; j++) {
      x = residualBlock(context, x, time, `down_blocks.${i}.resnets.${j}`, { from, to: channels });
      if (attention)
        x = selfAttention(context, x, `down_blocks.${i}.attentions.${j}`, { channels, groups: normGroups });
      skips.push(x);
      from = channels;
    }
    if (i === down.length - 1) continue;
    x = convolve(context, x, `down_blocks.${i}.downsamplers.0.conv`, {
      from: channels,
      to: channels,
      window: 3,
      strides: [2, 2],
      pads: downsamplePadding === 1 ? [1, 1, 1, 1] : [0, 0, 1, 1],
    });
    skips.push(x);
  }
  return { x, skips };
}

function passMiddle(context: UNetContext, input: t.Value, time: t.Value): t.Value {
  const {
    down,
    midAttention,
    midScaleFactor: divisor,
    normGroups,
    attentionNormGroups,
    timeScaleShift,
  } = context.config;
  const channels = down.at(-1)!.channels;
  const options = { from: channels, to: channels, divisor };
  let x = residualBlock(context, input, time, 'mid_block.resnets.0', options);
  if (midAttention) {
    const groups = attentionNormGroups ?? (timeScaleShift === 'default' ? normGroups : null);
    x = selfAttention(context, x, 'mid_block.attentions.0', { channels, groups, divisor });
  }
  return residualBlock(context, x, time, 'mid_block.resnets.1', options);
}

function goUp(context: UNetContext, input: t.Value, time: t.Value, skips: t.Value[]): t.Value {
  const { up, layersPerBlock, normGroups } = context.config;
  let x = input;
  for (const [i, { channels, attention }] of up.entries()) {
    for (let j = 0; j <= layersPerBlock; j++) {
      const joined = t.concat([x, skips.pop()!], { axis: 1 });
      const from = Number(joined.shape[1]);
      x = residualBlock(context, joined, time, `up_blocks.${i}.resnets.${j}`, { from, to: channels });
      if (attention) x = selfAttention(context, x, `up_blocks.${i}.attentions.${j}`, { channels, groups: normGroups });
    }
    if (i === up.length - 1) continue;
    x = enlarge(context, x, `up_blocks.${i}.upsamplers.0.conv`, channels);
  }
  return x;
}

/**
 * Writes down a U-Net of diffusers' `UNet2DModel` family; parameters have the names of its safetensors file.
 *
 * @returns `[n, outChannels, size, size]`
 */
export function buildUNet(context: UNetContext, inputs: UNetInputs): t.Value {
  const { config } = context;
  const { graph } = inputs.x;
  const time = embedTime(context, inputs);
  const centred = config.centreInput ? t.sub(t.mul(inputs.x, graph.scalar(2)), graph.scalar(1)) : inputs.x;
  const first = config.down[0]!.channels;
  const start = convolve(context, centred, 'conv_in', { from: config.inChannels, to: first, window: 3 });
  const { x, skips } = goDown(context, start, time);
  const top = goUp(context, passMiddle(context, x, time), time, skips);
  const normal = t.silu(normalise(context, top, 'conv_norm_out', { channels: first }));
  return convolve(context, normal, 'conv_out', { from: first, to: config.outChannels, window: 3, isLast: true });
}

/** The parameters of a U-Net, in the order in which it uses them. */
export function unetParameters(config: UNetConfig): t.ParameterSet {
  return t.collectParameters((lookup, graph) =>
    buildUNet(
      { config, lookup, dropOut: null },
      {
        x: graph.input('x', [1, config.inChannels, config.size, config.size]),
        time: graph.input('time', [1, timeFeatureWidth(config)]),
        labels: config.classCount === null ? undefined : graph.input('labels', [1], 'int64'),
      },
    ),
  );
}
