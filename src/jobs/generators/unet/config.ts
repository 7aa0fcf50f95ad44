import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';

/** A stage of the U-Net on one scale: residual blocks, each followed by self-attention or not. */
export interface StageConfig {
  readonly channels: number;
  readonly attention: boolean;
}

/** The shape of a U-Net of diffusers' `UNet2DModel` family. */
export interface UNetConfig {
  /** Height and width of its images in pixels. */
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** From fine to coarse: the way down. Each stage but the last halves height and width. */
  readonly down: readonly StageConfig[];
  /** From coarse to fine: the way up; channels mirror those of `down`. */
  readonly up: readonly StageConfig[];
  /** Residual blocks of a stage on the way down; one more on the way up. */
  readonly layersPerBlock: number;
  /** Self-attention in the middle. */
  readonly midAttention: boolean;
  /** Sums in the middle are divided by this. */
  readonly midScaleFactor: number;
  readonly activation: 'silu' | 'relu' | 'gelu';
  /** Channels of one attention head; null: one head. */
  readonly headChannels: number | null;
  readonly normGroups: number;
  /** Groups of the attention in the middle; null: none given, the U-Net's own. */
  readonly attentionNormGroups: number | null;
  readonly normEpsilon: number;
  /** How the time enters a residual block: added, or as scale and shift of its second normalisation. */
  readonly timeScaleShift: 'default' | 'scale_shift';
  readonly timeEmbeddingWidth: number;
  /** The sines of the time embedding follow its cosines. */
  readonly flipSinToCos: boolean;
  readonly frequencyShift: number;
  /** Zeros around the image before it is halved: 1 all around, or 0 for one row and column at the end. */
  readonly downsamplePadding: 0 | 1;
  /** Share of activations that training drops in each residual block. */
  readonly dropout: number;
  /** Takes images in [0, 1] and spreads them over [−1, 1] itself. */
  readonly centreInput: boolean;
  /** Classes that it is conditioned on; null: none. */
  readonly classCount: number | null;
}

const whole = z.number().int().positive();
const DOWN = { DownBlock2D: false, AttnDownBlock2D: true } as const;
const UP = { UpBlock2D: false, AttnUpBlock2D: true } as const;
type DownType = keyof typeof DOWN;
type UpType = keyof typeof UP;

/** `config.json` of a U-Net as diffusers writes it; defaults are those of `UNet2DModel`. */
const fileSchema = z.strictObject({
  sample_size: z.union([whole, z.tuple([whole, whole]).refine(([a, b]) => a === b, 'expected a square')]),
  in_channels: whole.default(3),
  out_channels: whole.default(3),
  center_input_sample: z.boolean().default(false),
  time_embedding_type: z.literal('positional').default('positional'),
  time_embedding_dim: whole.nullable().default(null),
  freq_shift: z.number().default(0),
  flip_sin_to_cos: z.boolean().default(true),
  down_block_types: z
    .array(z.enum(Object.keys(DOWN) as DownType[]))
    .min(1)
    .default(['DownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D']),
  mid_block_type: z.literal('UNetMidBlock2D').default('UNetMidBlock2D'),
  up_block_types: z
    .array(z.enum(Object.keys(UP) as UpType[]))
    .min(1)
    .default(['AttnUpBlock2D', 'AttnUpBlock2D', 'AttnUpBlock2D', 'UpBlock2D']),
  block_out_channels: z.array(whole).min(1).default([224, 448, 672, 896]),
  layers_per_block: whole.default(2),
  mid_block_scale_factor: z.number().positive().default(1),
  downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
  downsample_type: z.literal('conv').default('conv'),
  upsample_type: z.literal('conv').default('conv'),
  dropout: z.number().min(0).lt(1).default(0),
  act_fn: z.enum(['silu', 'swish', 'relu', 'gelu']).default('silu'),
  attention_head_dim: whole.nullable().default(8),
  norm_num_groups: whole.default(32),
  attn_norm_num_groups: whole.nullable().default(null),
  norm_eps: z.number().positive().default(1e-5),
  resnet_time_scale_shift: z.enum(['default', 'scale_shift']).default('default'),
  add_attention: z.boolean().default(true),
  class_embed_type: z.null().default(null),
  num_class_embeds: whole.nullable().default(null),
  num_train_timesteps: whole.nullable().default(null),
});

/** Finds what cannot be built, and names the field as diffusers has it. */
function checkConfig(config: UNetConfig, file: string): UNetConfig {
  const refuse = (field: string, message: string) =>
    new BiolensError('input', `${file}: "${field}" ${message}`, { details: { file, field } });
  const { down, up, normGroups, size, classCount } = config;
  if (up.length !== down.length) throw refuse('up_block_types', `expected ${down.length} blocks, got ${up.length}`);
  const halvings = 2 ** (down.length - 1);
  if (size % halvings !== 0)
    throw refuse('sample_size', `expected a multiple of ${halvings} for ${down.length} stages, got ${size}`);
  for (const { channels } of down)
    if (channels % normGroups !== 0)
      throw refuse('block_out_channels', `expected multiples of norm_num_groups ${normGroups}, got ${channels}`);
  const middle = down.at(-1)!.channels;
  const { attentionNormGroups: groups } = config;
  if (groups !== null && middle % groups !== 0)
    throw refuse('attn_norm_num_groups', `expected a divisor of ${middle}, got ${groups}`);
  if (classCount !== null && classCount < 1) throw refuse('num_class_embeds', `expected at least 1, got ${classCount}`);
  return config;
}

/**
 * Reads the `config.json` of a U-Net of diffusers.
 *
 * @throws {BiolensError} `input` naming the file and the field, also for fields and values that biolens does not build.
 */
export function readUNetConfig(json: unknown, { file }: { readonly file: string }): UNetConfig {
  const object = z.record(z.string(), z.unknown()).safeParse(json);
  if (!object.success) throw new BiolensError('input', `${file}: expected a JSON object`);
  const { _class_name: kind } = object.data;
  if (kind !== undefined && kind !== 'UNet2DModel')
    throw new BiolensError('input', `${file}: "_class_name" expected UNet2DModel, got ${JSON.stringify(kind)}`);
  const fields = Object.entries(object.data).filter(([name]) => !name.startsWith('_'));
  const parsed = fileSchema.safeParse(Object.fromEntries(fields));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.code === 'unrecognized_keys' ? issue.keys[0]! : issue.path.join('.');
    const message = issue.code === 'unrecognized_keys' ? 'is not a field that biolens knows' : issue.message;
    throw new BiolensError('input', `${file}: "${field}" ${message}`, { details: { file, field } });
  }
  const found = parsed.data;
  const channels = found.block_out_channels;
  if (found.down_block_types.length !== channels.length)
    throw new BiolensError(
      'input',
      `${file}: "down_block_types" expected ${channels.length} blocks as in block_out_channels, got ${found.down_block_types.length}`,
    );
  const config: UNetConfig = {
    size: typeof found.sample_size === 'number' ? found.sample_size : found.sample_size[0],
    inChannels: found.in_channels,
    outChannels: found.out_channels,
    down: found.down_block_types.map((type, i) => ({ channels: channels[i]!, attention: DOWN[type] })),
    up: found.up_block_types.map((type, i) => ({
      channels: channels[channels.length - 1 - i] ?? 0,
      attention: UP[type],
    })),
    layersPerBlock: found.layers_per_block,
    midAttention: found.add_attention,
    midScaleFactor: found.mid_block_scale_factor,
    activation: found.act_fn === 'swish' ? 'silu' : found.act_fn,
    headChannels: found.attention_head_dim,
    normGroups: found.norm_num_groups,
    attentionNormGroups: found.attn_norm_num_groups,
    normEpsilon: found.norm_eps,
    timeScaleShift: found.resnet_time_scale_shift,
    timeEmbeddingWidth: found.time_embedding_dim ?? channels[0]! * 4,
    flipSinToCos: found.flip_sin_to_cos,
    frequencyShift: found.freq_shift,
    downsamplePadding: found.downsample_padding,
    dropout: found.dropout,
    centreInput: found.center_input_sample,
    classCount: found.num_class_embeds,
  };
  return checkConfig(config, file);
}

/** The `config.json` of a U-Net as diffusers reads it. */
export function writeUNetConfig(config: UNetConfig): Readonly<Record<string, unknown>> {
  return {
    _class_name: 'UNet2DModel',
    sample_size: config.size,
    in_channels: config.inChannels,
    out_channels: config.outChannels,
    center_input_sample: config.centreInput,
    time_embedding_type: 'positional',
    time_embedding_dim: config.timeEmbeddingWidth === config.down[0]!.channels * 4 ? null : config.timeEmbeddingWidth,
    freq_shift: config.frequencyShift,
    flip_sin_to_cos: config.flipSinToCos,
    down_block_types: config.down.map(({ attention }) => (attention ? 'AttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: config.up.map(({ attention }) => (attention ? 'AttnUpBlock2D' : 'UpBlock2D')),
    block_out_channels: config.down.map(({ channels }) => channels),
    layers_per_block: config.layersPerBlock,
    mid_block_scale_factor: config.midScaleFactor,
    downsample_padding: config.downsamplePadding,
    downsample_type: 'conv',
    upsample_type: 'conv',
    dropout: config.dropout,
    act_fn: config.activation,
    attention_head_dim: config.headChannels,
    norm_num_groups: config.normGroups,
    attn_norm_num_groups: config.attentionNormGroups,
    norm_eps: config.normEpsilon,
    resnet_time_scale_shift: config.timeScaleShift,
    add_attention: config.midAttention,
    class_embed_type: null,
    num_class_embeds: config.classCount,
  };
}
