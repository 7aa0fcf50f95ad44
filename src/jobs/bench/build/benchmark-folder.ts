import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Question } from '../../../ground/contracts/bench.ts';
import type { BenchBuild, PictureProvenance } from '../../../ground/contracts/bench-build.ts';
import { TASKS } from '../../../ground/contracts/bench-codes.ts';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { toJson } from '../../../kit/runs/index.ts';
import { writeQuestionLines } from '../read/jsonl.ts';
import { labelOptions } from '../read/raw-question.ts';
import type { ComposedQuestion } from './compose-questions.ts';
import { INSTRUCTION } from './questions/draft.ts';

export type BuildFormat = BenchBuild['format'];

/** A benchmark that is being written: beside its place, and moved there when it is complete. */
export class BenchmarkFolder {
  readonly #target: string;
  readonly #part: string;
  readonly #copy: boolean;
  readonly #numbers = new Map<string, number>();
  readonly questions: Question[] = [];
  readonly provenance: PictureProvenance[] = [];

  private constructor(target: string, part: string, copy: boolean) {
    this.#target = target;
    this.#part = part;
    this.#copy = copy;
  }

  /** @throws {BiolensError} `input` where the place is taken or cannot be written. */
  static async create(directory: string, options: { readonly copy: boolean }): Promise<BenchmarkFolder> {
    const target = resolve(directory);
    const entries = await readdir(target).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw fileError(directory, error);
    });
    if (entries.length > 0)
      throw new BiolensError('input', `${directory}: has files in it already; name a new or an empty folder`);
    const part = `${target}.${randomBytes(6).toString('hex')}.part`;
    try {
      await mkdir(dirname(target), { recursive: true });
      await mkdir(part);
    } catch (error) {
      throw fileError(directory, error);
    }
    return new BenchmarkFolder(target, part, options.copy);
  }

  /** Writes a question's images and gives it its number. */
  async add(composed: ComposedQuestion): Promise<void> {
    const { task, dataset, imageCount, pictures } = composed;
    const stem = `${slug(dataset)}_${task}_${imageCount}`;
    const number = (this.#numbers.get(stem) ?? 0) + 1;
    this.#numbers.set(stem, number);
    const id = `${stem}/${number}`;
    const folder = `images/${stem}`;
    if (pictures.length > 0) await mkdir(join(this.#part, folder), { recursive: true });
    const images = [];
    for (const [i, picture] of pictures.entries()) {
      const place = imageCount === 'single' ? '' : `_${i + 1}`;
      const file = `${folder}/question_${number}${place}.${picture.extension}`;
      const path = join(this.#part, file);
      if (picture.path === null || this.#copy || !(await linked(picture.path, path)))
        await writeFile(path, picture.bytes);
      const { digest, sources, made } = picture;
      images.push({ path: file, file, digest, origin: sources.map(source => source.file).join(', ') });
      const { adapter, template } = composed;
      this.provenance.push({
        image: file,
        question: id,
        digest,
        adapter,
        dataset,
        template,
        sources: [...sources],
        made,
      });
    }
    const options = labelOptions(composed.options);
    this.questions.push({
      id,
      category: TASKS.find(({ code }) => code === task)!.category,
      task,
      dataset,
      imageCount,
      images,
      text: composed.text,
      options,
      correct: options[composed.key]!.label,
      answer: composed.options[composed.key]!,
      prepend: composed.description,
      postpend: INSTRUCTION,
      ...(composed.context === undefined ? {} : { context: composed.context }),
    });
  }

  /** Writes the questions and moves the folder to its place. */
  async finish(result: BenchBuild, facts: Readonly<Record<string, unknown>>): Promise<void> {
    if (result.format === 'jsonl') await writeQuestionLines(join(this.#part, 'questions.jsonl'), this.questions);
    else await this.#writeOfficial();
    const lines = this.provenance.map(line => `${JSON.stringify(line)}\n`);
    await writeFile(join(this.#part, 'provenance.jsonl'), lines.join(''));
    await writeFile(join(this.#part, 'build.json'), toJson({ schema: result.schema, ...facts, result }));
    await rename(this.#part, this.#target);
  }

  /** The layout of the release: a JSON file a set, task and number of images. */
  async #writeOfficial(): Promise<void> {
    const byStem = Map.groupBy(this.questions, ({ id }) => id.slice(0, id.lastIndexOf('/')));
    for (const [stem, questions] of byStem) {
      const { category, task, dataset, imageCount, prepend, postpend, context } = questions[0]!;
      const file = {
        category,
        'sub-category': task,
        dataset,
        question_type: 'MCQ',
        num_images: imageCount,
        prepend_text: prepend,
        postpend_text: postpend,
        ...(context === undefined ? {} : { context }),
        questions: Object.fromEntries(
          questions.map(question => [
            question.id.slice(stem.length + 1),
            {
              image_paths: question.images.map(({ path }) => path),
              question_text: question.text,
              options: question.options.map(({ text }) => text),
              correct_answer_option: question.correct,
              answer: question.answer,
            },
          ]),
        ),
      };
      await writeFile(join(this.#part, `${stem}.json`), `${JSON.stringify(file, null, 2)}\n`);
    }
  }

  /** Leaves nothing behind of what was not finished. */
  async discard(): Promise<void> {
    await rm(this.#part, { recursive: true, force: true });
  }
}

/**
 * Makes a hard link to an image; false where that cannot be had, such as on another file system. Not a symbolic one: a benchmark gives no file that
 * lies outside it.
 */
async function linked(image: string, path: string): Promise<boolean> {
  return link(await realpath(image), path).then(
    () => true,
    () => false,
  );
}

/** `FF++` → `ff++`, `Drawn faces` → `drawn-faces`: part of file names on every system. */
function slug(dataset: string): string {
  return dataset
    .toLowerCase()
    .replace(/[^a-z0-9+]+/g, '-')
    .replace(/^-|-$/g, '');
}
