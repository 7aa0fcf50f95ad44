import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';

/** A stage of the U-Net on one scale: residual blocks, each followed by self-attention or not. */
export interface StageConfig {
  readonly channels: number;
  readonly attention: boolean;
  /** Changes its scale by a residual block (pooled or repeated pixels) instead of a convolution. Default false. */
  readonly residualResampling?: boolean;
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
  /** Sines and cosines of the time, or of its logarithm at random frequencies that come with the weights. Default positional. */
  readonly timeEmbedding?: 'fourier';
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

const upTo = (most: number) => z.number().int().min(1).max(most);
/** Largest networks that are built: well above published ones, and below what would fill a machine. */
const MOST = { side: 1024, channels: 8192, stages: 10, layers: 16, classes: 1_000_000 } as const;
/** Numbers in all normalisations' groups, 0.5 GB; a network of 256 pixels, 128 channels and 32 groups has 4 million. */
const MOST_NUMBERS = 2 ** 27;
/** What a type of block is: attention or not, and by what it changes the scale; null: by what `downsample_type` or `upsample_type` says. */
const DOWN = {
  DownBlock2D: { attention: false, residual: false },
  AttnDownBlock2D: { attention: true, residual: null },
  ResnetDownsampleBlock2D: { attention: false, residual: true },
} as const;
const UP = {
  UpBlock2D: { attention: false, residual: false },
  AttnUpBlock2D: { attention: true, residual: null },
  ResnetUpsampleBlock2D: { attention: false, residual: true },
} as const;
type DownType = keyof typeof DOWN;
type UpType = keyof typeof UP;

/** `config.json` of a U-Net as diffusers writes it; defaults are those of `UNet2DModel`. */
const fileSchema = z.object({
  sample_size: z.union([
    upTo(MOST.side),
    z.tuple([upTo(MOST.side), upTo(MOST.side)]).refine(([a, b]) => a === b, 'expected a square'),
  ]),
  in_channels: upTo(64).default(3),
  out_channels: upTo(64).default(3),
  center_input_sample: z.boolean().default(false),
  time_embedding_type: z.enum(['positional', 'fourier']).default('positional'),
  time_embedding_dim: upTo(MOST.channels).nullable().default(null),
  freq_shift: z.number().min(-1000).max(1000).default(0),
  flip_sin_to_cos: z.boolean().default(true),
  down_block_types: z
    .array(z.enum(Object.keys(DOWN) as DownType[]))
    .min(1)
    .max(MOST.stages)
    .default(['DownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D']),
  mid_block_type: z.literal('UNetMidBlock2D').default('UNetMidBlock2D'),
  up_block_types: z
    .array(z.enum(Object.keys(UP) as UpType[]))
    .min(1)
    .max(MOST.stages)
    .default(['AttnUpBlock2D', 'AttnUpBlock2D', 'AttnUpBlock2D', 'UpBlock2D']),
  block_out_channels: z.array(upTo(MOST.channels)).min(1).max(MOST.stages).default([224, 448, 672, 896]),
  layers_per_block: upTo(MOST.layers).default(2),
  mid_block_scale_factor: z.number().positive().default(1),
  downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
  downsample_type: z.enum(['conv', 'resnet']).default('conv'),
  upsample_type: z.enum(['conv', 'resnet']).default('conv'),
  dropout: z.number().min(0).lt(1).default(0),
  act_fn: z.enum(['silu', 'swish', 'relu', 'gelu']).default('silu'),
  attention_head_dim: upTo(MOST.channels).nullable().default(8),
  norm_num_groups: upTo(MOST.channels).default(32),
  attn_norm_num_groups: upTo(MOST.channels).nullable().default(null),
  norm_eps: z.number().positive().default(1e-5),
  resnet_time_scale_shift: z.enum(['default', 'scale_shift']).default('default'),
  add_attention: z.boolean().default(true),
  class_embed_type: z.null().default(null),
  num_class_embeds: upTo(MOST.classes).nullable().default(null),
  num_train_timesteps: upTo(1_000_000).nullable().default(null),
});

/** What `EMAModel` of diffusers writes into the configuration of the averaged weights. */
const AVERAGE_FIELDS = new Set([
  'decay',
  'min_decay',
  'inv_gamma',
  'power',
  'update_after_step',
  'use_ema_warmup',
  'optimization_step',
]);
/** Fields of other U-Nets of diffusers that change the network where they are set. */
const FOREIGN_FIELDS = new Set([
  'skip_time_act',
  'cross_attention_dim',
  'encoder_hid_dim',
  'encoder_hid_dim_type',
  'addition_embed_type',
  'addition_time_embed_dim',
  'transformer_layers_per_block',
  'num_attention_heads',
  'dual_cross_attention',
  'only_cross_attention',
  'use_linear_projection',
  'upcast_attention',
  'resnet_skip_time_act',
  'resnet_out_scale_factor',
  'time_embedding_act_fn',
  'timestep_post_act',
  'time_cond_proj_dim',
  'conv_in_kernel',
  'conv_out_kernel',
  'projection_class_embeddings_input_dim',
  'class_embeddings_concat',
  'mid_block_only_cross_attention',
  'attention_type',
]);
const MOST_NAMED = 5;

/** Fields that `UNet2DModel` does not have: those that mean another network are refused, of the others a user is told. */
function checkFields(fields: readonly (readonly [string, unknown])[], file: string): string[] {
  const unknown = fields.filter(([name]) => !Object.hasOwn(fileSchema.shape, name) && !AVERAGE_FIELDS.has(name));
  const foreign = unknown.find(([name, value]) => FOREIGN_FIELDS.has(name) && value !== null && value !== false);
  if (foreign !== undefined)
    throw new BiolensError('input', `${file}: "${foreign[0]}" is not a field that biolens knows`, {
      details: { file, field: foreign[0] },
    });
  if (unknown.length === 0) return [];
  const names = unknown.slice(0, MOST_NAMED).map(([name]) => `"${name.slice(0, 100)}"`);
  const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : '';
  return [`config.json: ${names.join(', ')}${more}: not of UNet2DModel and left alone, as diffusers does`];
}

function stageOf(
  channels: number,
  { attention, residual }: { readonly attention: boolean; readonly residual: boolean | null },
  resampling: 'conv' | 'resnet',
): StageConfig {
  return { channels, attention, ...((residual ?? resampling === 'resnet') ? { residualResampling: true } : {}) };
}

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
  // Each normalisation holds as many numbers as one of its groups has; what is large here is larger still when it runs.
  const perLayer = down.reduce((sum, { channels }, i) => sum + (channels / normGroups) * (size / 2 ** i) ** 2, 0);
  if (perLayer * 4 * (config.layersPerBlock + 1) > MOST_NUMBERS)
    throw refuse(
      'sample_size',
      `expected fewer pixels: ${config.layersPerBlock} layers of ${down[0]!.channels} channels at ${size} × ${size} are more than biolens works with`,
    );
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
 * @returns `warnings`: a line for fields that diffusers' `UNet2DModel` does not have
 * @throws {BiolensError} `input` naming the file and the field, also for fields and values that biolens does not build.
 */
export function readUNetFile(
  json: unknown,
  { file }: { readonly file: string },
): { readonly config: UNetConfig; readonly warnings: readonly string[] } {
  const object = z.record(z.string(), z.unknown()).safeParse(json);
  if (!object.success) throw new BiolensError('input', `${file}: expected a JSON object`);
  const { _class_name: kind } = object.data;
  if (kind !== undefined && kind !== 'UNet2DModel')
    throw new BiolensError('input', `${file}: "_class_name" expected UNet2DModel, got ${JSON.stringify(kind)}`);
  const fields = Object.entries(object.data).filter(([name]) => !name.startsWith('_'));
  const warnings = checkFields(fields, file);
  return { config: readUNetConfig(Object.fromEntries(fields), { file }), warnings };
}

/** The configuration alone; see {@link readUNetFile}. */
export function readUNetConfig(json: unknown, { file }: { readonly file: string }): UNetConfig {
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join('.');
    throw new BiolensError('input', `${file}: "${field}" ${issue.message}`, { details: { file, field } });
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
    down: found.down_block_types.map((type, i) => stageOf(channels[i]!, DOWN[type], found.downsample_type)),
    up: found.up_block_types.map((type, i) =>
      stageOf(channels[channels.length - 1 - i] ?? 0, UP[type], found.upsample_type),
    ),
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
    ...(found.time_embedding_type === 'fourier' ? { timeEmbedding: 'fourier' as const } : {}),
    flipSinToCos: found.flip_sin_to_cos,
    frequencyShift: found.freq_shift,
    downsamplePadding: found.downsample_padding,
    dropout: found.dropout,
    centreInput: found.center_input_sample,
    classCount: found.num_class_embeds,
  };
  return checkConfig(config, file);
}

function typeOf(
  { attention, residualResampling = false }: StageConfig,
  [attends, residual, plain]: readonly [string, string, string],
): string {
  return attention ? attends : residualResampling ? residual : plain;
}

/** How the stages of attention change their scale: one way for all. */
function resamplingOf(stages: readonly StageConfig[]): 'conv' | 'resnet' {
  return stages.some(({ attention, residualResampling }) => attention && residualResampling === true)
    ? 'resnet'
    : 'conv';
}

/** The `config.json` of a U-Net as diffusers reads it. */
export function writeUNetConfig(config: UNetConfig): Readonly<Record<string, unknown>> {
  return {
    _class_name: 'UNet2DModel',
    sample_size: config.size,
    in_channels: config.inChannels,
    out_channels: config.outChannels,
    center_input_sample: config.centreInput,
    time_embedding_type: config.timeEmbedding ?? 'positional',
    time_embedding_dim: config.timeEmbeddingWidth === config.down[0]!.channels * 4 ? null : config.timeEmbeddingWidth,
    freq_shift: config.frequencyShift,
    flip_sin_to_cos: config.flipSinToCos,
    down_block_types: config.down.map(stage =>
      typeOf(stage, ['AttnDownBlock2D', 'ResnetDownsampleBlock2D', 'DownBlock2D']),
    ),
    up_block_types: config.up.map(stage => typeOf(stage, ['AttnUpBlock2D', 'ResnetUpsampleBlock2D', 'UpBlock2D'])),
    block_out_channels: config.down.map(({ channels }) => channels),
    layers_per_block: config.layersPerBlock,
    mid_block_scale_factor: config.midScaleFactor,
    downsample_padding: config.downsamplePadding,
    downsample_type: resamplingOf(config.down),
    upsample_type: resamplingOf(config.up),
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
