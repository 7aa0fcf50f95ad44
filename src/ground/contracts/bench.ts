import { z } from 'zod';

/** Whether a question shows no picture, one, or several; `multiple` also covers files that say so with a single picture. */
export const imageCountSchema = z.enum(['zero', 'single', 'multiple']);
export type ImageCount = z.infer<typeof imageCountSchema>;

/**
 * A picture of a question, by name: its bytes are read when asked for (`loadImage` of the bench room).
 * Paths use forward slashes.
 */
export const imageRefSchema = z.object({
  /** As the benchmark writes it. */
  path: z.string(),
  /** The file that holds it, relative to the benchmark's folder; null where no such file is there. */
  file: z.string().nullable(),
  /** For a picture inside a Parquet file: the row and the position in its list of pictures, both from 0. */
  cell: z
    .object({ column: z.string(), row: z.number().int().nonnegative(), index: z.number().int().nonnegative() })
    .optional(),
  /** SHA-256 of the file in hexadecimal, where it has been taken: pictures with the same one are the same picture. */
  digest: z.string().optional(),
  /** The picture in the data set it was taken from. */
  origin: z.string().optional(),
});
export type ImageRef = z.infer<typeof imageRefSchema>;

/** The name under which pages ask for a picture: its file, and its place in it where one file holds several; null where it is missing. */
export function pictureName({ file, cell }: ImageRef): string | null {
  return file === null || cell === undefined ? file : `${file}#${cell.column}.${cell.row}.${cell.index}`;
}

export const questionOptionSchema = z.object({ label: z.string().regex(/^[A-Z]$/), text: z.string() });
export type QuestionOption = z.infer<typeof questionOptionSchema>;

/** A multiple-choice question; also one line of a benchmark in JSONL. */
export const questionSchema = z
  .object({
    /** Unique in the benchmark: `<file stem>/<number>`. */
    id: z.string().min(1),
    /** A code such as `bias_fairness`; other benchmarks bring their own. */
    category: z.string().min(1),
    /** A code such as `age`. */
    task: z.string().min(1),
    /** Name of the source data set, such as `FairFace`. */
    dataset: z.string(),
    imageCount: imageCountSchema,
    images: z.array(imageRefSchema).readonly(),
    text: z.string(),
    /** In the order they are shown, labelled A, B, C, … */
    options: z.array(questionOptionSchema).min(2).readonly(),
    /** Label of the right option; the only thing that answers are scored on. */
    correct: z.string(),
    /** The right answer as the file words it, which may match no option; null where the file has none. */
    answer: z.string().nullable(),
    /** Description of the task, shown in the in-context setting alone; may be empty. */
    prepend: z.string(),
    /** The instruction before the options; may be empty. */
    postpend: z.string(),
    /** Material that every setting shows first, such as the list of tools. */
    context: z.string().optional(),
  })
  .refine(question => question.options.some(option => option.label === question.correct), {
    message: '"correct" is the label of an option',
    path: ['correct'],
  })
  .refine(question => new Set(question.options.map(option => option.label)).size === question.options.length, {
    message: '"options" have different labels',
    path: ['options'],
  });
export type Question = z.infer<typeof questionSchema>;

/** What the model is shown besides the question: nothing, the task's description, a request to reason, or face tools. */
export const settingSchema = z.enum(['zero-shot', 'in-context', 'chain-of-thought', 'tools']);
export type Setting = z.infer<typeof settingSchema>;

const tokenSchema = z.object({ token: z.string(), logProbability: z.number() });

/**
 * One reply, as it came: one line of `items.jsonl` of a bench run. Scoring is a later step that can be repeated, so nothing here
 * says whether it is right.
 */
export const answerSchema = z.object({
  /** `id` of the question. */
  question: z.string(),
  model: z.string(),
  setting: settingSchema,
  /** SHA-256, in hexadecimal, of all that decides what was sent: text, settings, and the pictures by their names. */
  promptDigest: z.string(),
  /**
   * The options were turned by so many places: position `i` showed option `(i + rotation) mod n` of the question, under the
   * label of position `i`.
   */
  rotation: z.number().int().nonnegative(),
  /** 0 for the first time the same was asked. */
  repeat: z.number().int().nonnegative(),
  /** What the model wrote, untouched; null where no reply came (then `error` says why). */
  raw: z.string().nullable(),
  /** Thoughts that the server sent apart from the answer. */
  reasoning: z.string().optional(),
  /** The server said that the model or its filter declined. */
  refused: z.boolean().optional(),
  /** Drawn at chance, because the question is beyond the answerer; `reasoning` says why. */
  fallback: z.boolean().optional(),
  error: z.object({ kind: z.string(), message: z.string() }).optional(),
  finishReason: z.enum(['stop', 'length', 'content-filter', 'tool-calls', 'other']).nullable(),
  usage: z.object({
    inputTokens: z.number().int().nonnegative().nullable(),
    outputTokens: z.number().int().nonnegative().nullable(),
    /** Of the tokens sent, those that the server had in a cache; missing where it does not say. */
    cachedInputTokens: z.number().int().nonnegative().optional(),
  }),
  /** US dollars; null where the price is not known. */
  cost: z.number().nonnegative().nullable(),
  /** From sending the request that succeeded to having read its reply; null where none succeeded, nothing was sent, or it came in a batch. */
  latencyMs: z.number().nonnegative().nullable(),
  /** Requests made for it, the one that succeeded included. */
  attempts: z.number().int().nonnegative().optional(),
  answeredAt: z.iso.datetime().optional(),
  /** The tokens written, each with the likeliest alternatives in its place; natural logarithms. */
  logProbabilities: z.array(tokenSchema.extend({ alternatives: z.array(tokenSchema) })).optional(),
  /** What the request was changed by because the server refuses it otherwise, such as `seed` or `max_completion_tokens`. */
  changes: z.array(z.string()).optional(),
  toolCalls: z
    .array(z.object({ name: z.string(), input: z.unknown(), output: z.unknown(), error: z.string().optional() }))
    .optional(),
});
export type Answer = z.infer<typeof answerSchema>;
