import { z } from 'zod';
import { deviceField, field, pathSchema, seedField } from '../../kit/job/index.ts';
import { DEFAULT_FRAME_RATE } from '../../kit/video/rates.ts';
import { falseDiscoveryRateField, permutationsField, rateSchema } from '../audit/declaration/index.ts';

const perSecond = z.number().min(0.1).max(60);

/** All that decides an audit of videos: recorded with the run, and enough to repeat it. */
export const auditVideoConfigurationSchema = z.strictObject({
  training: field(pathSchema, {
    flag: '--train <dir>',
    help: 'training clips: a folder of videos, GIF, animated WebP, or folders of frames',
    is: 'images-or-embeddings',
  }),
  generated: field(pathSchema, {
    flag: '--generated <dir>',
    help: 'generated clips, likewise',
    is: 'images-or-embeddings',
  }),
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <dir>',
    help: 'real clips that the generator never saw: makes every answer more certain',
    is: 'images-or-embeddings',
  }),
  /** Columns as VSC2022 writes them; `query_id` is a generated clip, `ref_id` a training clip. */
  truth: field(pathSchema.optional(), {
    flag: '--truth <csv>',
    help: 'known copies to score the audit by: query_id, ref_id, query_start, query_end, ref_start, ref_end',
    is: 'label-table',
  }),
  embedder: field(pathSchema.default('appearance'), {
    flag: '--embedder <path>',
    help: 'what frames are compared by: "appearance" (whole frames), "built-in" (faces), or an ONNX embedder with its model card',
    is: 'onnx-model',
    words: ['appearance', 'built-in'],
  }),
  rate: field(perSecond.default(1), {
    flag: '--rate <n>',
    help: 'frames a second that are compared; a short clip is compared by 16 frames all the same, as far as --motion-rate allows',
  }),
  motionRate: field(perSecond.default(8), {
    flag: '--motion-rate <n>',
    help: 'frames a second between which motion is measured',
  }),
  frameRate: field(perSecond.max(240).default(DEFAULT_FRAME_RATE), {
    flag: '--frame-rate <n>',
    help: 'images a second of a folder of frames, which has no times of its own',
  }),
  window: field(z.number().min(0.25).max(600).default(2), {
    flag: '--window <seconds>',
    help: 'seconds of content that are compared at most: so short a part that was taken counts as much as a whole clip',
  }),
  /** Not for whoever may start jobs in the studio or over MCP: it is run. */
  ffmpeg: field(pathSchema.optional(), {
    flag: '--ffmpeg <path>',
    help: 'program that decodes videos',
    is: 'command',
    otherwise: 'BIOLENS_FFMPEG, or ffmpeg on the path',
  }),
  /** Sets of clips have far fewer pairs than sets of stills. */
  falseMatchRate: field(rateSchema.default(0.01), {
    flag: '--false-match-rate <rate>',
    help: 'share of unrelated pairs above the matching threshold',
  }),
  falseDiscoveryRate: falseDiscoveryRateField(),
  permutations: permutationsField('clips'),
  seed: seedField(),
  device: deviceField(),
});
export type AuditVideoConfiguration = z.infer<typeof auditVideoConfigurationSchema>;
export type AuditVideoConfigurationInput = z.input<typeof auditVideoConfigurationSchema>;
