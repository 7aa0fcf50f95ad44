import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';

/**
 * The questions of a JSONL file, one `Question` a line.
 *
 * @throws {BiolensError} `input`, naming the file, line and field, at the first problem unless `onProblem` is given.
 */
export async function* readQuestionLines(
  root: string,
  name: string,
  options: ReadOptions = {},
): AsyncGenerator<Question> {
  const stream = createReadStream(join(root, name), 'utf8');
  try {
    let line = 0;
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      throwIfAborted(options.signal);
      line++;
      if (text.trim() === '') continue;
      const where = `${name}:${line}`;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (cause) {
        raise({ where, message: `${where}: not JSON: ${messageOf(cause)}` }, options);
        continue;
      }
      const question = questionSchema.safeParse(value);
      if (question.success) yield question.data;
      else raise({ where, message: `${where}: ${describeIssues(question.error.issues)}` }, options);
    }
  } finally {
    stream.destroy();
  }
}

/** Writes questions as JSONL, whole or not at all; gives back how many. */
export async function writeQuestionLines(
  path: string,
  questions: Iterable<Question> | AsyncIterable<Question>,
): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const file = await open(partial, 'w');
  let n = 0;
  try {
    for await (const question of questions) {
      const checked = questionSchema.safeParse(question);
      if (!checked.success)
        throw new BiolensError('input', `question ${question.id}: ${describeIssues(checked.error.issues)}`);
      await file.appendFile(`${JSON.stringify(checked.data)}\n`);
      n++;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  return n;
}
