import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodePng } from '../../src/kit/images/index.ts';

/** A question as the released files write it; anything may be wrong with it. */
export type WrittenQuestion = Readonly<Record<string, unknown>>;

export interface WrittenFile {
  readonly stem: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly questions: Readonly<Record<string, WrittenQuestion>>;
  /** In the root by default. */
  readonly folder?: string;
}

/** An image that is the same for the same seed and unlike any other: blocks of grey. */
export function drawing(seed: number, side = 32): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(side * side * 3);
  const block = side / 8;
  for (let i = 0; i < side * side; i++) {
    const cell = Math.floor(i / side / block) * 8 + Math.floor((i % side) / block);
    let h = Math.imul(cell + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    data.fill((h >>> 8) & 255, i * 3, i * 3 + 3);
  }
  return { width: side, height: side, data };
}

export const picture = (seed: number): Promise<Uint8Array> => encodePng(drawing(seed));

/** Makes an empty folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ readonly path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'biolens-bench-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Writes files under a folder, making the folders between. */
export async function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

export async function writeOfficial(root: string, files: readonly WrittenFile[]): Promise<void> {
  await writeFiles(
    root,
    Object.fromEntries(
      files.map(({ stem, header, questions, folder = '' }) => [
        join(folder, `${stem}.json`),
        JSON.stringify({ ...header, questions }, null, 4),
      ]),
    ),
  );
}

export const header = (
  category: string,
  task: string,
  dataset: string,
  images: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  category,
  'sub-category': task,
  dataset,
  question_type: 'MCQ',
  num_images: images,
  prepend_text: `Description of ${task}.`,
  postpend_text: 'Reply with the letter of the right option alone.',
  ...more,
});

/**
 * A small benchmark in the layout of the release with every trap of its files: options as numbers, answers of another type than
 * their option or matching none, text-only questions with a black image and a context, paths of the source set,
 * prefixes, two options, the same number in several files, a file of the training split.
 */
export async function writeTraps(root: string): Promise<void> {
  const images = Object.fromEntries(
    await Promise.all(
      [
        'images/biwi_single_mcq/question_1.png',
        'images/imdb_multiple_mcq/question_1_1.png',
        'images/imdb_multiple_mcq/question_1_2.png',
        'images/jhucrowd_single_mcq_range_val/question_1.png',
        'images/wmca_single_mcq/question_1.png',
        'images/wmca_multiple_mcq/question_1_1.png',
        'images/wmca_multiple_mcq/question_1_2.png',
        'images/rafdb_single_mcq_train/question_1.png',
        'images/celeba_multiple_mcq/question_1_1.png',
      ].map(async (name, i) => [name, await picture(i)] as const),
    ),
  );
  const black = await encodePng({ width: 8, height: 8, data: new Uint8Array(192) });
  await writeFiles(root, { ...images, 'images/tools_retrieval/question_1.png': black, 'README.json': '{"name":"x"}' });
  await writeOfficial(root, [
    {
      stem: 'biwi_single_mcq',
      header: header('face_localization', 'headpose', 'biwi', 'single'),
      questions: {
        1: {
          image_paths: ['images/biwi_single_mcq/question_1.png'],
          question_text: 'Which range holds the yaw?',
          options: [-10, 0, 10, 20],
          correct_answer_option: 'B',
          answer: '0',
        },
      },
    },
    {
      stem: 'imdb_multiple_mcq',
      header: header('face_recognition', 'celebrity_identification', 'imdb', 'multiple'),
      questions: {
        1: {
          image_paths: [
            'benchmark/images/imdb_multiple_mcq/question_1_1.png',
            'images\\imdb_multiple_mcq\\question_1_2.png',
          ],
          question_text: 'How many of the pictures show X?',
          options: [0, 1, 2, 3],
          correct_answer_option: 'C',
          answer: 2,
        },
      },
    },
    {
      stem: 'jhucrowd_single_mcq_range_val',
      header: header('face_localization', 'crowd_counting', 'jhucrowd', 'single'),
      questions: {
        1: {
          image_paths: ['images/jhucrowd_single_mcq_range_val/question_1.png'],
          question_text: 'How many people are there?',
          options: ['22 to 26', '27 to 31', '32 to 36', '17 to 21'],
          correct_answer_option: 'A',
          answer: 24,
        },
      },
    },
    {
      stem: 'wmca_single_mcq',
      header: header('fas_deepfakes', 'fas', 'wmca', 'single'),
      questions: {
        1: {
          image_paths: ['data/WMCA/RGB/012_03_004_4_03/Frame_25.png'],
          question_text: 'Is this an attack?',
          options: ['Yes', 'No'],
          correct_answer_option: 'A',
          answer: 'Yes',
        },
        2: {
          image_paths: ['data/WMCA/RGB/021_01_000_0_00/Frame_20.png'],
          question_text: 'Is this an attack?',
          options: ['Yes', 'No'],
          correct_answer_option: 'B',
          answer: 'No',
        },
      },
    },
    {
      stem: 'wmca_multiple_mcq',
      header: header('fas_deepfakes', 'fas', 'wmca', 'multiple'),
      questions: {
        1: {
          image_paths: ['data/WMCA/RGB/a/Frame_1.png', 'data/WMCA/RGB/b/Frame_1.png'],
          question_text: 'Which are attacks?',
          options: ['Image 1', 'Image 2', 'Both', 'None'],
          correct_answer_option: 'D',
          answer: 'None',
        },
      },
    },
    {
      stem: 'rafdb_single_mcq_train',
      header: header('attributes_expression', 'expression', 'rafdb', 'single'),
      questions: {
        1: {
          image_paths: ['images/rafdb_single_mcq_train/question_1.png'],
          question_text: 'Which expression is it?',
          options: ['happy', 'sad', 'neutral', 'fear'],
          correct_answer_option: 'A',
          answer: 'happy',
        },
      },
    },
    {
      stem: 'celeba_multiple_mcq',
      header: header('attributes_expression', 'attributes', 'celeba', 'multiple'),
      questions: {
        1: {
          image_paths: ['images/celeba_multiple_mcq/question_1_1.png', 'images/celeba_multiple_mcq/question_1_2.png'],
          question_text: 'How many attributes are common?',
          options: [0, 1, 2, 5],
          correct_answer_option: 'A',
          answer: '0',
        },
      },
    },
    {
      stem: 'tools_retrieval',
      header: header('tools_use', 'tools_retrieval', 'gpt4o', 'zero', {
        context: 'Ignore the black picture.\n1. Age: api_1',
      }),
      questions: {
        1: {
          image_paths: ['images/tools_retrieval/question_1.png'],
          question_text: 'Which calls?',
          options: ['api_1-a', 'api_1-b', 'api_2-a', 'api_2-b'],
          correct_answer_option: 'D',
          answer: 'api_2-b',
        },
      },
    },
  ]);
}
