import { z } from 'zod';
import type { ImageCount, ImageRef, Question, QuestionOption } from '../../../ground/contracts/bench.ts';
import { CATEGORIES, TASKS } from '../../../ground/contracts/bench-codes.ts';
import { datasetName } from '../datasets.ts';

/** Options and answers are numbers in some released files and strings in others; what is shown is their text. */
const textSchema = z.union([z.string(), z.number(), z.bigint(), z.boolean()]).transform(String);

/** A question as the released files write it, before its header is known. */
export const rawQuestionSchema = z.object({
  image_paths: z
    .union([z.array(z.string()), z.string().transform(path => [path])])
    .nullish()
    .transform(paths => paths ?? []),
  question_text: z.string(),
  options: z.array(textSchema).min(2).max(26),
  correct_answer_option: z.string(),
  /** Has another type than its option in places, and matches none in others: kept as text, never scored on. */
  answer: z
    .union([textSchema, z.null(), z.array(textSchema).transform(parts => parts.join(', '))])
    .optional()
    .transform(answer => answer ?? null),
});
export type RawQuestion = z.infer<typeof rawQuestionSchema>;

/** What the questions of one file share. */
export const rawHeaderSchema = z.object({
  category: z.string().trim().min(1),
  'sub-category': z.string().trim().min(1),
  dataset: z.string().trim().default(''),
  num_images: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(['zero', 'single', 'multiple']))
    .nullish(),
  prepend_text: z.string().nullish(),
  postpend_text: z.string().nullish(),
  context: z.string().nullish(),
});
export type RawHeader = z.infer<typeof rawHeaderSchema>;

const codeOf = (entries: readonly { readonly code: string; readonly name: string }[], written: string): string => {
  const sought = written.toLowerCase();
  return entries.find(({ code, name }) => code === sought || name.toLowerCase() === sought)?.code ?? written;
};

/** Labels A, B, C, … in the order of the options. */
export function labelOptions(texts: readonly string[]): QuestionOption[] {
  return texts.map((text, i) => ({ label: String.fromCharCode(65 + i), text }));
}

function countImages(header: RawHeader, images: readonly ImageRef[]): ImageCount {
  return header.num_images ?? (images.length === 0 ? 'zero' : images.length === 1 ? 'single' : 'multiple');
}

export interface ComposeOptions {
  readonly id: string;
  readonly header: RawHeader;
  readonly images: readonly ImageRef[];
}

/** Joins a question with its header, names in the words of this project. The label of the key is not yet checked. */
export function composeQuestion(raw: RawQuestion, options: ComposeOptions): Question {
  const { header, images, id } = options;
  return {
    id,
    category: codeOf(CATEGORIES, header.category),
    task: codeOf(TASKS, header['sub-category']),
    dataset: datasetName(header.dataset),
    imageCount: countImages(header, images),
    images,
    text: raw.question_text,
    options: labelOptions(raw.options),
    correct: raw.correct_answer_option
      .trim()
      .replace(/^\(([A-Za-z])\)$/, '$1')
      .toUpperCase(),
    answer: raw.answer,
    prepend: header.prepend_text ?? '',
    postpend: header.postpend_text ?? '',
    ...(header.context == null ? {} : { context: header.context }),
  };
}
