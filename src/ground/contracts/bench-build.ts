import { z } from 'zod';

/** What is built where nothing else is asked for. */
export const BUILD_DEFAULTS = { perTask: 20, seed: 0, format: 'jsonl', copy: true } as const;

/** What `biolens bench build --json` prints; also kept in the new folder as `build.json`, with the provenance beside it. */
export const benchBuildSchema = z.object({
  schema: z.literal('biolens/bench-build@1'),
  /** The new folder. */
  directory: z.string(),
  format: z.enum(['jsonl', 'official']),
  seed: z.number().int(),
  /** The folders that the pictures are from, as the user named them. */
  sources: z.array(
    z.object({ directory: z.string(), adapter: z.string(), dataset: z.string(), images: z.number().int() }),
  ),
  questions: z.number().int(),
  /** Pictures in the new folder. */
  images: z.number().int(),
  byTask: z.record(z.string(), z.number().int()),
  byDataset: z.record(z.string(), z.number().int()),
  byImageCount: z.record(z.string(), z.number().int()),
  /** Tasks with fewer questions than were asked for, or none, and what the labels lack for them. */
  shortfalls: z.array(
    z.object({ task: z.string(), asked: z.number().int(), made: z.number().int(), reason: z.string() }),
  ),
  /** Pictures that were left out. */
  unusable: z.array(z.object({ file: z.string(), reason: z.string() })),
});
export type BenchBuild = z.infer<typeof benchBuildSchema>;

/** One line of `provenance.jsonl`: where a picture of a question comes from. */
export const pictureProvenanceSchema = z.object({
  /** Within the new folder. */
  image: z.string(),
  question: z.string(),
  /** SHA-256 of the picture, in hexadecimal. */
  digest: z.string(),
  adapter: z.string(),
  dataset: z.string(),
  /** The template of the question. */
  template: z.string(),
  /** Files of the source folder, with their digests. */
  sources: z.array(z.object({ file: z.string(), digest: z.string() })),
  /** What the builder did to them; null where the picture is the file as it was. */
  made: z.string().nullable(),
});
export type PictureProvenance = z.infer<typeof pictureProvenanceSchema>;
