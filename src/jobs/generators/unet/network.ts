import { BiolensError } from '../../../ground/errors.ts';
import * as t from '../../../kit/tensor/index.ts';
import type { StageConfig, UNetConfig } from './config.ts';
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

/** Width of {@link timeFeatures}: of a Fourier embedding twice the channels, and what the output is multiplied by. */
export function timeFeatureWidth({ down, timeEmbedding }: UNetConfig): number {
  return timeEmbedding === 'fourier' ? 2 * down[0]!.channels + 1 : down[0]!.channels;
}

/** Name of the frequencies of a Fourier embedding among the weights. */
export const FREQUENCIES = 'time_proj.weight';

/**
 * Sines and cosines of the logarithm of times, at frequencies that come with the weights (Song et al. 2021b, appendix C.2), and 1 / time, by which the
 * output is scaled; in single precision where diffusers rounds.
 */
function fourierFeatures(times: ArrayLike<number>, frequencies: Float32Array): Float32Array {
  const half = frequencies.length;
  const width = 2 * half + 1;
  const features = new Float32Array(times.length * width);
  for (let i = 0; i < times.length; i++) {
    const logarithm = Math.fround(Math.log(times[i]!));
    for (let k = 0; k < half; k++) {
      const angle = Math.fround(Math.fround(Math.fround(logarithm * frequencies[k]!) * 2) * Math.fround(Math.PI));
      features[i * width + k] = Math.sin(angle);
      features[i * width + half + k] = Math.cos(angle);
    }
    features[i * width + width - 1] = 1 / times[i]!;
  }
  return features;
}

/**
 * Sines and cosines of times (Vaswani et al. 2017, §3.5), in single precision where diffusers rounds.
 *
 * @param times training times, 0 … T − 1
 * @param frequencies the weights {@link FREQUENCIES}, for a Fourier embedding
 * @returns `[times, width]`
 */
export function timeFeatures(times: ArrayLike<number>, config: UNetConfig, frequencies?: Float32Array): Float32Array {
  if (config.timeEmbedding === 'fourier') {
    if (frequencies === undefined)
      throw new BiolensError('usage', 'timeFeatures: a Fourier embedding needs its frequencies');
    return fourierFeatures(times, frequencies);
  }
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

/** The features of the time, and of a Fourier embedding what the output is multiplied by, `[n, 1]`. */
function splitTime({ config, lookup }: UNetContext, time: t.Value): { features: t.Value; scale: t.Value | null } {
  if (config.timeEmbedding !== 'fourier') return { features: time, scale: null };
  const { channels } = config.down[0]!;
  // The features are computed outside of the graph; the frequencies belong to the weights all the same.
  lookup(FREQUENCIES, { shape: [channels], start: { kind: 'normal', stdDev: 16 } });
  const [features, scale] = t.split(time, [2 * channels, 1], { axis: 1 });
  return { features: features!, scale: scale! };
}

/** Time and class as one vector, after the non-linearity that each residual block would apply. */
function embedTime(context: UNetContext, { time, labels }: UNetInputs): t.Value {
  const { config, lookup } = context;
  const width = config.timeEmbeddingWidth;
  const from = Number(time.shape[1]);
  const first = project(context, time, 'time_embedding.linear_1', { from, to: width });
  const embedded = project(context, t.silu(first), 'time_embedding.linear_2', { from: width, to: width });
  if (config.classCount === null) return activate(context, embedded);
  if (labels === undefined) throw new BiolensError('usage', 'buildUNet: a network of classes needs labels');
  const table = lookup('class_embedding.weight', {
    shape: [config.classCount, width],
    start: { kind: 'normal', stdDev: 1 },
  });
  return activate(context, t.add(embedded, t.gather(table, labels)));
}

interface Resampling {
  readonly name: string;
  readonly stage: StageConfig;
}

/** Halves height and width, by a convolution or a residual block. */
function goCoarser(
  context: UNetContext,
  x: t.Value,
  time: t.Value,
  { name, stage: { channels, residualResampling } }: Resampling,
): t.Value {
  if (residualResampling === true)
    return residualBlock(context, x, time, name, { from: channels, to: channels, resampling: 'down' });
  return convolve(context, x, `${name}.conv`, {
    from: channels,
    to: channels,
    window: 3,
    strides: [2, 2],
    pads: context.config.downsamplePadding === 1 ? [1, 1, 1, 1] : [0, 0, 1, 1],
  });
}

/** Doubles height and width, by a convolution or a residual block. */
function goFiner(
  context: UNetContext,
  x: t.Value,
  time: t.Value,
  { name, stage: { channels, residualResampling } }: Resampling,
): t.Value {
  return residualResampling === true
    ? residualBlock(context, x, time, name, { from: channels, to: channels, resampling: 'up' })
    : enlarge(context, x, `${name}.conv`, channels);
}

function goDown(context: UNetContext, input: t.Value, time: t.Value): { x: t.Value; skips: t.Value[] } {
  const { down, layersPerBlock, normGroups } = context.config;
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
    x = goCoarser(context, x, time, { name: `down_blocks.${i}.downsamplers.0`, stage: down[i]! });
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
    x = goFiner(context, x, time, { name: `up_blocks.${i}.upsamplers.0`, stage: up[i]! });
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
  const { features, scale } = splitTime(context, inputs.time);
  const time = embedTime(context, { ...inputs, time: features });
  const centred = config.centreInput ? t.sub(t.mul(inputs.x, graph.scalar(2)), graph.scalar(1)) : inputs.x;
  const first = config.down[0]!.channels;
  const start = convolve(context, centred, 'conv_in', { from: config.inChannels, to: first, window: 3 });
  const { x, skips } = goDown(context, start, time);
  const top = goUp(context, passMiddle(context, x, time), time, skips);
  const normal = t.silu(normalise(context, top, 'conv_norm_out', { channels: first }));
  const output = convolve(context, normal, 'conv_out', {
    from: first,
    to: config.outChannels,
    window: 3,
    isLast: true,
  });
  return scale === null ? output : t.mul(output, t.unsqueeze(scale, [2, 3]));
}

/** The parameters of a U-Net, in the order in which it uses them. */
export function unetParameters(given: UNetConfig): t.ParameterSet {
  // They are the same whatever the size of the images; the smallest takes the least memory.
  const config = { ...given, size: 2 ** (given.down.length - 1) };
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
