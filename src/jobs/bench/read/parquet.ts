import { basename } from 'node:path';
import { z } from 'zod';
import { type ImageRef, type Question, questionSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { ParquetFile } from '../../../kit/parquet/index.ts';
import { tryParseJson } from '../../../kit/vlm/parse-json.ts';
import { ImageLocator } from './locate-image.ts';
import { describeIssues, type ReadOptions, raise } from './problem.ts';
import { composeQuestion, rawHeaderSchema, rawQuestionSchema } from './raw-question.ts';

type Role =
  | keyof z.input<typeof rawHeaderSchema>
  | Exclude<keyof z.input<typeof rawQuestionSchema>, 'image_paths'>
  | 'id'
  | 'stem'
  | 'images';

/** The official names first, then what conversions of the benchmark call the same columns. */
const COLUMN_NAMES: readonly (readonly [role: Role, names: readonly string[], required?: true])[] = [
  ['id', ['id', 'question_id', 'qid', 'index']],
  ['stem', ['stem', 'file', 'source_file', 'json_file']],
  ['category', ['category'], true],
  ['sub-category', ['sub-category', 'sub_category', 'subcategory', 'task'], true],
  ['dataset', ['dataset', 'source']],
  ['num_images', ['num_images', 'image_count']],
  ['prepend_text', ['prepend_text']],
  ['postpend_text', ['postpend_text']],
  ['context', ['context']],
  ['question_text', ['question_text', 'question'], true],
  ['options', ['options', 'choices'], true],
  ['correct_answer_option', ['correct_answer_option', 'correct_option', 'answer_option', 'label'], true],
  ['answer', ['answer']],
  ['images', ['images', 'image_paths', 'image']],
];

type Columns = ReadonlyMap<Role, string>;

function findColumns(file: ParquetFile): Columns {
  const columns = new Map<Role, string>();
  for (const [role, names, required] of COLUMN_NAMES) {
    const name = names.find(candidate => file.columns.includes(candidate));
    if (name !== undefined) columns.set(role, name);
    else if (required)
      throw new BiolensError('input', `${file.name}: no column "${role}", got ${file.columns.join(', ')}`);
  }
  return columns;
}

const rowSchema = z.record(z.string(), z.unknown());

const keyText = z.union([z.string(), z.number(), z.bigint()]).transform(String);

/** A list, a JSON list, or a struct by label. */
function optionList(value: unknown): unknown {
  if (typeof value === 'string') {
    const parsed = /^\s*[[{]/.test(value) ? tryParseJson(value) : undefined;
    return parsed === undefined ? value : optionList(parsed);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .filter(([, text]) => text !== null && text !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, text]) => text);
}

/** How data sets of images store one: the encoded file, its path, or both. */
const pictureSchema = z.union([
  z.string().transform(path => ({ path, bytes: null })),
  z.instanceof(Uint8Array).transform(bytes => ({ path: null, bytes })),
  z.object({ path: z.string().nullish(), bytes: z.instanceof(Uint8Array).nullish() }),
  z.null().transform(() => ({ path: null, bytes: null })),
]);

const picturesSchema = z.union([z.array(pictureSchema), pictureSchema.transform(picture => [picture])]);

/** The images in a cell of a column of images, in order; none where it holds something else. */
export function picturesOf(
  cell: unknown,
): readonly { readonly path: string | null; readonly bytes: Uint8Array | null }[] {
  return (picturesSchema.safeParse(cell ?? []).data ?? []).map(({ path, bytes }) => ({
    path: path ?? null,
    bytes: bytes?.length ? bytes : null,
  }));
}

/**
 * The questions of Parquet files with the columns of the release, a row group in memory at a time. A question's id is
 * `<stem>/<number>` from the columns of those names, or else from the file's name and the row.
 *
 * @throws {BiolensError} `input`, naming the file and the column, at the first problem unless `onProblem` is given.
 */
export async function* readParquet(
  root: string,
  files: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<Question> {
  const locator = new ImageLocator(root);
  for (const name of files) {
    const file = await ParquetFile.open(root, name);
    const columns = findColumns(file);
    for (const group of file.groups) {
      throwIfAborted(options.signal);
      const rows = await file.read(group, [...columns.values()]);
      for (const [i, row] of rows.entries()) {
        const question = questionOfRow(rowSchema.safeParse(row).data ?? {}, {
          file: name,
          row: group.start + i,
          columns,
          locator,
        });
        if (typeof question === 'string') {
          const where = `${name}: row ${group.start + i}`;
          raise({ where, message: `${where}: ${question}` }, options);
        } else yield question;
      }
    }
  }
}

interface RowContext {
  readonly file: string;
  readonly row: number;
  readonly columns: Columns;
  readonly locator: ImageLocator;
}

/** The question of a row, or what is wrong with it. */
function questionOfRow(row: Readonly<Record<string, unknown>>, context: RowContext): Question | string {
  const cell = (role: Role): unknown => {
    const column = context.columns.get(role);
    return column === undefined ? undefined : (row[column] ?? undefined);
  };
  const header = rawHeaderSchema.safeParse({
    category: cell('category'),
    'sub-category': cell('sub-category'),
    dataset: cell('dataset'),
    num_images: cell('num_images'),
    prepend_text: cell('prepend_text'),
    postpend_text: cell('postpend_text'),
    context: cell('context'),
  });
  if (!header.success) return describeIssues(header.error.issues);
  const raw = rawQuestionSchema.safeParse({
    question_text: cell('question_text'),
    options: optionList(cell('options')),
    correct_answer_option: cell('correct_answer_option'),
    answer: cell('answer'),
  });
  if (!raw.success) return describeIssues(raw.error.issues);
  const number = keyText.safeParse(cell('id')).data ?? String(context.row);
  const stem = keyText.safeParse(cell('stem')).data ?? context.file;
  const id = number.includes('/') ? number : `${basename(stem).replace(/\.(json|parquet)$/i, '')}/${number}`;
  const images = imagesOfRow(cell('images'), { ...context, id });
  if (typeof images === 'string') return images;
  const question = questionSchema.safeParse(composeQuestion(raw.data, { id, header: header.data, images }));
  return question.success ? question.data : describeIssues(question.error.issues);
}

function imagesOfRow(cell: unknown, context: RowContext & { readonly id: string }): ImageRef[] | string {
  const column = context.columns.get('images');
  if (column === undefined) return [];
  const pictures = picturesSchema.safeParse(cell ?? []);
  if (!pictures.success) return `"${column}" expected images or paths, got something else`;
  const all = picturesOf(cell);
  const [stem = '', question = ''] = context.id.split('/');
  return all.map(({ path, bytes }, index) => {
    const shown = path ?? `${context.id}_${index + 1}`;
    if (bytes !== null) return { path: shown, file: context.file, cell: { column, row: context.row, index } };
    if (path === null) return { path: shown, file: null };
    return context.locator.locate(path, { stem, question, position: index + 1, of: all.length });
  });
}
