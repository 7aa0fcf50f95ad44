import { open, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { z } from 'zod';
import { type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { tryParseJson } from '../../../kit/vlm/parse-json.ts';
import { readJsonLines } from './jsonl.ts';
import { ImageLocator } from './locate-image.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';
import { labelOptions } from './raw-question.ts';

const lineSchema = z.object({
  question_id: z.string().min(1),
  question_type: z.string(),
  image_id: z.string().min(1),
  text: z.string(),
  instruction: z.string().default(''),
  options: z.array(z.string()),
  gt_answer: z.union([z.string(), z.array(z.string())]),
  metadata: z
    .object({ image_source: z.string().default(''), view: z.string().default('') })
    .default({ image_source: '', view: '' }),
});

/** Types of its questions that have no one right option, with what is said of them. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['MCQ', 'questions with several right options (MCQ)'],
  ['OEQ', 'open questions without options (OEQ)'],
]);
const ASKED: ReadonlySet<string> = new Set(['TFQ', 'SCQ']);
/** Folders beside the questions in which its images are looked for. */
const FOLDERS = ['', 'images', 'image'] as const;
const FIRST_BYTES = 64 * 1024;

/** Whether a file of JSON lines is one of FaceBench, by its first line. */
export async function looksFaceBench(path: string): Promise<boolean> {
  // A pipe would be waited for.
  const plain = (await stat(path).catch(() => null))?.isFile() ?? false;
  const handle = plain ? await open(path).catch(() => null) : null;
  if (handle === null) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
    const [first = ''] = buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\uFEFF/, '')
      .split('\n', 1);
    const names = z.record(z.string(), z.unknown()).safeParse(tryParseJson(first));
    return (
      names.success &&
      ['question_id', 'question_type', 'image_id', 'gt_answer'].every(name => Object.hasOwn(names.data, name))
    );
  } finally {
    await handle.close();
  }
}

/**
 * The questions of FaceBench (Wang et al., CVPR 2025, arXiv 2503.21457) that have one right option: true or false, and single choice. Of the others
 * `onLeftOut` is told. Ids are `<image>/<question>`, as a question is asked of many images.
 *
 * @throws {BiolensError} `input`, naming the line and the field, at the first problem unless `onProblem` is given
 */
export async function* readFaceBench(
  root: string,
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<Question> {
  const locator = new ImageLocator(root);
  const locate = (image: string) => {
    for (const folder of FOLDERS) {
      const path = posix.join(folder, posix.normalize(image));
      const { file } = locator.locate(path, { stem: '', question: '', position: 1, of: 2 });
      if (file === path) return { path: image, file };
    }
    return { path: image, file: null };
  };
  for (const name of files) {
    for await (const { where, value } of readJsonLines(root, name, options)) {
      const line = lineSchema.safeParse(value);
      if (!line.success) {
        raise({ where, message: `${where}: ${describeIssues(line.error.issues)}` }, options);
        continue;
      }
      const { question_id, question_type: type, image_id, text, instruction, gt_answer, metadata } = line.data;
      const left = LEFT_OUT.get(type);
      if (left !== undefined) {
        options.onLeftOut?.(left);
        continue;
      }
      if (!ASKED.has(type)) {
        raise(
          { where, message: `${where}: "question_type": "${type.slice(0, 40)}" is none of TFQ, SCQ, MCQ, OEQ` },
          options,
        );
        continue;
      }
      const right = typeof gt_answer === 'string' ? line.data.options.indexOf(gt_answer) : -1;
      if (right < 0) {
        raise({ where, message: `${where}: "gt_answer" is none of the options` }, options);
        continue;
      }
      const question = questionSchema.safeParse({
        id: `${image_id}/${question_id}`,
        category: metadata.view === '' ? 'FaceBench' : metadata.view,
        task: question_id.replace(/_q\d{1,4}$/, ''),
        dataset: metadata.image_source,
        imageCount: 'single',
        images: [locate(image_id)],
        text,
        options: labelOptions(line.data.options),
        correct: String.fromCharCode(65 + right),
        answer: line.data.options[right] ?? null,
        prepend: '',
        postpend: `${instruction} Answer with the letter of the option only.`.trim(),
      });
      if (question.success) yield question.data;
      else raise({ where, message: `${where}: ${describeIssues(question.error.issues)}` }, options);
    }
  }
}
