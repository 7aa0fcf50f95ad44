import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { checkPlainFile } from '../../../ground/plain-file.ts';
import { parseJson, whyUnparsed } from '../../../kit/vlm/parse-json.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';

/** Of a line; a question has a few thousand bytes. */
const MOST_LINE_BYTES = 16 * 2 ** 20;
const NEWLINE = 10;

/** The lines of a file, which none of them may fill the memory with. */
async function* linesOf(stream: AsyncIterable<unknown>, name: string): AsyncGenerator<string> {
  let open: Uint8Array[] = [];
  let held = 0;
  let line = 1;
  const take = (last: Uint8Array): string => {
    const text = Buffer.concat([...open, last]).toString('utf8');
    open = [];
    held = 0;
    return (line++ === 1 ? text.replace(/^\uFEFF/, '') : text).replace(/\r$/, '');
  };
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    let rest: Uint8Array = chunk;
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      yield take(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
    }
    held += rest.length;
    if (held > MOST_LINE_BYTES)
      throw new BiolensError('input', `${name}:${line}: longer than ${MOST_LINE_BYTES.toLocaleString('en-US')} bytes`);
    if (rest.length > 0) open.push(rest);
  }
  if (held > 0) yield take(new Uint8Array(0));
}

/**
 * The values of a file of JSON lines, each with its place.
 *
 * @throws {BiolensError} `input`, naming the file and line, at the first that is not JSON unless `onProblem` is given.
 */
export async function* readJsonLines(
  root: string,
  name: string,
  options: ReadOptions = {},
): AsyncGenerator<{ readonly where: string; readonly value: unknown }> {
  const path = join(root, name);
  await checkPlainFile(path, { name, mostBytes: Number.MAX_SAFE_INTEGER });
  const stream = createReadStream(path);
  try {
    let line = 0;
    for await (const text of linesOf(stream, name)) {
      throwIfAborted(options.signal);
      line++;
      if (text.trim() === '') continue;
      const where = `${name}:${line}`;
      let value: unknown;
      try {
        value = parseJson(text);
      } catch (cause) {
        raise({ where, message: `${where}: ${whyUnparsed(cause)}` }, options);
        continue;
      }
      yield { where, value };
    }
  } finally {
    stream.destroy();
  }
}

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
  for await (const { where, value } of readJsonLines(root, name, options)) {
    const question = questionSchema.safeParse(value);
    if (question.success) yield question.data;
    else raise({ where, message: `${where}: ${describeIssues(question.error.issues)}` }, options);
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
