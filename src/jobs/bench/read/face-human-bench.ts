import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, posix, relative } from 'node:path';
import { z } from 'zod';
import { type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { ImageLocator } from './locate-image.ts';
import { readOfficialFile } from './official.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';
import { labelOptions } from './raw-question.ts';

/** Where the images of Face-Human-Bench lie, which whoever runs it makes with its own script. */
const IMAGES = 'eval_data';
/** Folders above the files of questions in which the images are looked for. */
const MOST_UP = 5;
/** Folders below the given one in which files of questions are looked for. */
const MOST_DOWN = 5;
const MOST_FOLDERS = 2000;

/** The views of an image in which each of its tasks is asked, as its evaluation lists them. */
const VIEWS: ReadonlyMap<string, readonly string[]> = new Map([
  ['face_age_basic_5', ['original', 'cropped']],
  ['face_age_basic_10', ['original', 'cropped']],
  ['face_age_basic_15', ['original', 'cropped']],
  ['face_attack_digital_expression_swap', ['cropped']],
  ['face_attack_digital_identity_swap', ['cropped']],
  ['face_attack_physical_paper', ['cropped']],
  ['face_attack_physical_replay', ['cropped']],
  ['face_attribute_compound', ['original', 'cropped']],
  ['face_expression_basic', ['original', 'cropped']],
  ['face_expression_compound', ['cropped']],
  ['face_recognition_basic', ['cropped']],
  ['face_recognition_cross_age', ['cropped']],
  ['face_recognition_cross_pose', ['cropped']],
  ['face_recognition_mask', ['cropped']],
  ['face_recognition_similar_looking', ['cropped']],
  ['human_action_basic', ['boxed']],
  ['human_attribute_compound', ['boxed']],
  ['human_attribute_compound_cropped', ['cropped']],
  ['human_reid_basic', ['cropped']],
  ['human_social_relation_occupation', ['boxed']],
  ['human_social_relation_relationship', ['boxed']],
  ['human_spatial_relation_count_10', ['original']],
  ['human_spatial_relation_count_100', ['original']],
  ['human_spatial_relation_count_100plus', ['original']],
  ['human_spatial_relation_location', ['boxed']],
]);

/** It asks for the right answer among options; the letter is what is read here. */
const INSTRUCTIONS = {
  en: 'Choose the correct option and answer with its letter only.',
  zh: '请选择正确的选项，只回答其字母。',
} as const;

const optionSchema = z.union([z.string(), z.number()]).transform(String);
const entrySchema = z.object({
  type: z.string(),
  QA: z.object({
    question: z.string(),
    options: z.array(optionSchema).min(2).max(26),
    /** Position of the right one, from 0; text, as the reader keeps digits. */
    answer: z.union([z.string(), z.number()]).transform(Number).pipe(z.number().int().nonnegative()),
  }),
  image: z.object({
    image_paths: z.record(z.string(), z.string()),
    source: z.object({ dataset: z.string() }).optional(),
  }),
});
const fileSchema = z.object({ data: z.array(z.unknown()) });

function looksFaceHuman(parsed: unknown): boolean {
  const file = z.object({ data: z.array(z.unknown()).min(1) }).safeParse(parsed);
  const first = z.object({ type: z.unknown(), QA: z.unknown(), image: z.unknown() }).safeParse(file.data?.data[0]);
  return first.success && first.data.QA !== undefined && first.data.image !== undefined;
}

/** The first folder at or above one that holds the images; the folder itself where none does. */
export function rootOfFaceHuman(folder: string): string {
  let at = folder;
  for (let up = 0; up <= MOST_UP; up++) {
    if (existsSync(join(at, IMAGES))) return at;
    at = dirname(at);
  }
  return folder;
}

/**
 * The one folder below in which files of Face-Human-Bench lie; null where there is none.
 *
 * @throws {BiolensError} `input` naming the folders where there are several: the development and the test set, in two languages
 */
export async function findFaceHuman(path: string): Promise<string | null> {
  const found: string[] = [];
  let looked = 0;
  const look = async (folder: string, depth: number): Promise<void> => {
    if (++looked > MOST_FOLDERS || depth > MOST_DOWN) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const file = entries.find(({ name }) => /^(?:face|human)_\w+\.json$/.test(name));
    if (file !== undefined && (await isFaceHuman(folder, file.name))) found.push(folder);
    for (const entry of entries)
      if (entry.isDirectory() && entry.name !== IMAGES && !entry.name.startsWith('.'))
        await look(join(folder, entry.name), depth + 1);
  };
  await look(path, 0);
  const [only, second] = found;
  if (second === undefined) return only ?? null;
  const names = found.map(folder => relative(path, folder)).sort();
  throw new BiolensError(
    'input',
    `${path}: several sets of Face-Human-Bench; give one of the folders ${names.join(', ')}`,
  );
}

/** Whether a file is one of Face-Human-Bench. */
export async function isFaceHuman(folder: string, name: string): Promise<boolean> {
  return await readOfficialFile(folder, name).then(
    ({ parsed }) => looksFaceHuman(parsed),
    () => false,
  );
}

/** How far the options are turned: the files name the right one first in places, and count on being shuffled. */
function turnOf(id: string, of: number): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0) % of;
}

/**
 * The questions of Face-Human-Bench (Qin et al., NeurIPS 2025, arXiv 2501.01243): one for every view of the image that its evaluation asks about.
 * Options are turned by a hash of the question's id, since the files leave that to whoever asks. Ids are `<file stem>/<number>/<view>`.
 *
 * @param root folder of the images
 * @param files relative to it
 * @throws {BiolensError} `input`, naming the file and the field, at the first problem unless `onProblem` is given
 */
export async function* readFaceHuman(
  root: string,
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<Question> {
  const locator = new ImageLocator(root);
  for (const name of files) {
    throwIfAborted(options.signal);
    const stem = basename(name).replace(/\.json$/i, '');
    const read = await readOfficialFile(root, name).catch((error: unknown) => {
      raise({ where: name, message: messageOf(error) }, options);
      return null;
    });
    if (read === null || !looksFaceHuman(read.parsed)) continue;
    for (const [index, value] of fileSchema.parse(read.parsed).data.entries()) {
      const where = `${stem}/${index + 1}`;
      const wrong = (message: string): void =>
        raise({ where, message: `${name}: question ${index + 1}: ${message}` }, options);
      const entry = entrySchema.safeParse(value);
      if (!entry.success) {
        wrong(describeIssues(entry.error.issues));
        continue;
      }
      const { type, QA, image } = entry.data;
      const views = VIEWS.get(type);
      if (views === undefined)
        wrong(`"type": "${type.slice(0, 80)}" is no task of Face-Human-Bench as it was published`);
      else if (QA.answer >= QA.options.length)
        wrong(`"answer": ${QA.answer} is no position in ${QA.options.length} options`);
      for (const view of QA.answer < QA.options.length ? (views ?? []) : []) {
        const path = image.image_paths[view];
        if (path === undefined) {
          wrong(`"image_paths" has no "${view}"`);
          continue;
        }
        const { file } = locator.locate(path, { stem, question: String(index + 1), position: 1, of: 2 });
        const written = posix.normalize(path);
        const ref = { path, file: file === written && written.startsWith(`${IMAGES}/`) ? file : null };
        const turn = turnOf(`${where}/${view}`, QA.options.length);
        const shown = QA.options.map((_, i) => QA.options[(i + turn) % QA.options.length] ?? '');
        const question = questionSchema.safeParse({
          id: `${where}/${view}`,
          category: type.split('_')[0],
          task: type,
          dataset: image.source?.dataset ?? '',
          imageCount: 'single',
          images: [ref],
          text: QA.question,
          options: labelOptions(shown),
          correct: String.fromCharCode(65 + ((QA.answer - turn + QA.options.length) % QA.options.length)),
          answer: QA.options[QA.answer] ?? null,
          prepend: '',
          postpend: stem.endsWith('_zh') ? INSTRUCTIONS.zh : INSTRUCTIONS.en,
        });
        if (question.success) yield question.data;
        else wrong(describeIssues(question.error.issues));
      }
    }
  }
}
