import { z } from 'zod';
import { metricSchema } from './metric.ts';

/** Axis-aligned box in pixels of the upright image, origin at the top left; may reach past the border. */
export const boxSchema = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export type Box = z.infer<typeof boxSchema>;

export const EXPRESSIONS = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'] as const;
export const expressionSchema = z.enum(EXPRESSIONS);
export type Expression = z.infer<typeof expressionSchema>;

/** One face as the built-in networks see it. */
export const faceSchema = z.object({
  box: boxSchema,
  /** Detector confidence, 0 to 1. */
  score: z.number(),
  /** Apparent age in years. */
  age: z.number(),
  gender: z.enum(['male', 'female']),
  /** Probability of the reported gender, 0.5 to 1. */
  genderProbability: z.number(),
  expression: expressionSchema,
  expressionProbabilities: z.record(expressionSchema, z.number()),
});
export type Face = z.infer<typeof faceSchema>;

/** A file that could not be used, and why, in one line. */
export const skippedSchema = z.object({ file: z.string(), reason: z.string() });
export type Skipped = z.infer<typeof skippedSchema>;

/** What `biolens faces label --json` prints. */
export const labelReportSchema = z.object({
  schema: z.literal('biolens/faces-label@1'),
  items: z.array(z.object({ file: z.string(), faces: z.array(faceSchema) })),
  skipped: z.array(skippedSchema),
});
export type LabelReport = z.infer<typeof labelReportSchema>;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits in lower case');

/** Numbers that `biolens faces check-card` compares. */
export const CARD_CHECK_NUMBERS = 10;

/**
 * A model card: the JSON file beside an ONNX model (`model.onnx` → `model.json`) that says how to feed it
 * and how to read it.
 */
export const modelCardSchema = z.strictObject({
  schema: z.literal('biolens/model-card@1').default('biolens/model-card@1'),
  name: z.string().min(1),
  kind: z.enum(['embedder', 'classifier', 'detector']),
  /** Under what terms the weights may be used. */
  license: z.string().min(1).max(500).optional(),
  /** Where the weights come from. */
  source: z.string().min(1).max(500).optional(),
  /** SHA-256 of the model's file; of each file by its name where weights lie beside it. */
  sha256: z.union([sha256Schema, z.record(z.string(), sha256Schema)]).optional(),
  input: z.strictObject({
    /** Name of the graph input; may be left out when the model has one. */
    name: z.string().optional(),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
    /** `stretch` to `width` × `height` whatever the proportions, or the `shorter-side` to `length` pixels. */
    resize: z.enum(['stretch', 'shorter-side']).default('stretch'),
    /** Pixels of the shorter side. */
    length: z.number().int().positive().max(10_000).optional(),
    /** As Pillow and torchvision resize, to the value; left out: bilinear, quickly, a few levels off where images are reduced. */
    kernel: z.enum(['linear', 'cubic']).optional(),
    /** What is cut out after `shorter-side`: the middle, or the middle and the four corners, whose rows are averaged at unit length. */
    crop: z.enum(['centre', 'five']).optional(),
    layout: z.enum(['nchw', 'nhwc']).default('nchw'),
    channels: z.enum(['rgb', 'bgr']).default('rgb'),
    /** Subtracted from the 0…255 samples, in the order of `channels`. */
    mean: z.tuple([z.number(), z.number(), z.number()]),
    /** Divides after the mean, in the order of `channels`. */
    deviation: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  }),
  /**
   * How a face is cut out before it is fed: `none` resizes the whole image, `box` squares the detected box on its longer side and
   * grows that to `1 + padding` times, `landmarks` warps five points onto ArcFace's 112×112 template, scaled to the input.
   */
  alignment: z.enum(['none', 'box', 'landmarks']).default('box'),
  padding: z.number().min(0).max(2).default(0.25),
  output: z.discriminatedUnion('meaning', [
    z.strictObject({
      meaning: z.literal('embedding'),
      name: z.string().optional(),
      width: z.number().int().positive(),
      /** Of an output of `[n, tokens, width]`: the first token, or the mean of all; `whole` takes the output as it is. */
      select: z.enum(['whole', 'first-token', 'mean-tokens']).default('whole'),
      /** `l2` scales each embedding to unit length. */
      normalise: z.enum(['none', 'l2']).default('none'),
    }),
    z.strictObject({
      meaning: z.literal('logits'),
      name: z.string().optional(),
      /** Attribute → its class names, in order of the logits; several attributes share one output one after another. */
      attributes: z.record(z.string(), z.array(z.string()).min(2)),
    }),
    z.strictObject({
      meaning: z.literal('boxes'),
      /** `[n, 4]` corners (x0, y0, x1, y1) as shares of the image's width and height, and `[n]` scores, of one image. */
      boxes: z.string(),
      scores: z.string(),
      threshold: z.number().min(0).max(1).default(0.5),
    }),
  ]),
  /** What the model gives for the picture of `biolens faces check-card`, made with its authors' own code. */
  check: z
    .strictObject({
      /** Numbers of the embedding or logits, spread evenly over it: the first of each tenth. */
      numbers: z.array(z.number()).length(CARD_CHECK_NUMBERS),
      /** Largest difference that is allowed, as a share of the root mean square of the numbers. */
      tolerance: z.number().positive().max(1).default(0.02),
    })
    .optional(),
  /** How a classifier did on pictures that it was not trained on. */
  evaluation: z
    .strictObject({
      /** Pictures in all. */
      heldOut: z.number().int().nonnegative(),
      attributes: z.record(
        z.string(),
        z.strictObject({
          accuracy: metricSchema,
          /** `counts[predicted][true]`, in the order of the classes. */
          confusion: z.array(z.array(z.number().int().nonnegative())),
          /** What the logits were divided by, so that probabilities are as good as they say. */
          temperature: z.number().positive(),
        }),
      ),
    })
    .optional(),
});
export type ModelCard = z.infer<typeof modelCardSchema>;

/**
 * The card of an ONNX generator: the JSON file beside a model that makes images of random numbers (`model.onnx` → `model.json`).
 */
export const generatorCardSchema = z.strictObject({
  schema: z.literal('biolens/model-card@1').default('biolens/model-card@1'),
  name: z.string().min(1).max(200),
  kind: z.literal('generator'),
  input: z.strictObject({
    /** Name of the graph input for the random numbers; may be left out when the model has one input. */
    name: z.string().optional(),
    /** Random numbers an image. */
    width: z.number().int().positive().max(1_000_000),
    /** `normal`: mean 0, deviation 1; `uniform`: −1 to 1. */
    distribution: z.enum(['normal', 'uniform']).default('normal'),
  }),
  /** The graph's other inputs, each filled with a number: a truncation, a class. */
  constants: z.record(z.string(), z.number()).default({}),
  output: z.strictObject({
    name: z.string().optional(),
    layout: z.enum(['nchw', 'nhwc']).default('nchw'),
    channels: z.enum(['rgb', 'bgr', 'grey']).default('rgb'),
    /** Values that black and white have. */
    range: z.tuple([z.number(), z.number()]).default([-1, 1]),
  }),
});
export type GeneratorCard = z.infer<typeof generatorCardSchema>;
