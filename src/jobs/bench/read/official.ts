import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { checkPlainFile } from '../../../ground/plain-file.ts';
import { parseJson, whyUnparsed } from '../../../kit/vlm/parse-json.ts';
import { ImageLocator } from './locate-image.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';
import { composeQuestion, rawHeaderSchema, rawQuestionSchema } from './raw-question.ts';

const fileSchema = rawHeaderSchema.extend({ questions: z.record(z.string(), z.unknown()) });

/** Numbers as the file spells them, so that an option `1.0` is shown as `1.0`. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

/** The release has 4 MB in its largest file. */
const MOST_BYTES = 256 * 2 ** 20;

async function parseFile(path: string, name: string): Promise<unknown> {
  await checkPlainFile(path, { name, mostBytes: MOST_BYTES });
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  try {
    return parseJson(text, keepDigits);
  } catch (cause) {
    throw new BiolensError('input', `${name}: ${whyUnparsed(cause)}`, { cause });
  }
}

/** Whether parsed JSON is meant as a file of questions; folders of benchmarks hold other JSON too. */
export function looksOfficial(parsed: unknown): boolean {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return false;
  return ['questions', 'question_type', 'num_images', 'sub-category'].some(key => key in parsed);
}

export interface OfficialFile {
  /** Name of the JSON file, relative to the root. */
  readonly name: string;
  readonly parsed: unknown;
}

/** Reads one JSON file of a benchmark folder. @throws {BiolensError} `input` where it is not JSON. */
export async function readOfficialFile(root: string, name: string): Promise<OfficialFile> {
  return { name, parsed: await parseFile(join(root, name), name) };
}

/**
 * The questions of files in the layout of the FaceXBench release, in the order of the files. Ids are `<file stem>/<number>`, as a
 * number is unique in its file only.
 *
 * @throws {BiolensError} `input`, naming the file and the field, at the first problem unless `onProblem` is given.
 */
export async function* readOfficial(
  root: string,
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<Question> {
  const locator = new ImageLocator(root);
  for (const name of files) {
    throwIfAborted(options.signal);
    const read = await readOfficialFile(root, name).catch((error: unknown) => {
      raise({ where: name, message: messageOf(error) }, options);
      return null;
    });
    if (read === null || !looksOfficial(read.parsed)) continue;
    const file = fileSchema.safeParse(read.parsed);
    if (!file.success) {
      raise({ where: name, message: `${name}: ${describeIssues(file.error.issues)}` }, options);
      continue;
    }
    const stem = basename(name).replace(/\.json$/i, '');
    for (const [number, value] of Object.entries(file.data.questions)) {
      const id = `${stem}/${number}`;
      const raw = rawQuestionSchema.safeParse(value);
      if (!raw.success) {
        raise({ where: id, message: `${name}: question ${number}: ${describeIssues(raw.error.issues)}` }, options);
        continue;
      }
      const paths = raw.data.image_paths;
      const images = paths.map((path, i) =>
        locator.locate(path, { stem, question: number, position: i + 1, of: paths.length }),
      );
      const question = questionSchema.safeParse(composeQuestion(raw.data, { id, header: file.data, images }));
      if (question.success) yield question.data;
      else {
        const field = question.error.issues[0]?.path[0] === 'correct' ? ': "correct_answer_option"' : '';
        const detail = field === '' ? describeIssues(question.error.issues) : `is "${raw.data.correct_answer_option}"`;
        raise(
          { where: id, message: `${name}: question ${number}${field}: ${detail}, not the label of an option` },
          options,
        );
      }
    }
  }
}
