import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import { readCsv, type Table } from '../../../../kit/images/index.ts';
import type { Adapter, LabelledImage, ReadSourceOptions, RegionMap } from '../labelled-image.ts';
import type { SourceFolder } from '../source-folder.ts';
import { ageOf, attributeWords, expressionOf, genderOf, PRESENTATIONS } from '../vocabulary.ts';
import { type ImageLabels, pictureFinder } from './make-adapter.ts';
import { readIndexMap } from './parts.ts';

export type Row = Readonly<Record<string, string | undefined>>;

/** The rows of a table as records; an empty cell is left out. */
export function recordsOf({ columns, rows }: Table): Row[] {
  return rows.map(cells =>
    Object.fromEntries(columns.flatMap((name, i) => (cells[i]?.trim() ? [[name, cells[i].trim()] as const] : []))),
  );
}

/** What a column is for, by its names; any other column is an attribute. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  subject: ['identity', 'subject', 'person', 'person_id', 'subject_id'],
  name: ['name'],
  clip: ['clip', 'video'],
  age: ['age', 'age_group'],
  born: ['birth_year', 'year_of_birth'],
  taken: ['photo_year', 'year_taken'],
  gender: ['gender', 'sex'],
  race: ['race', 'ethnicity'],
  skinTone: ['skin_tone', 'monk_skin_tone'],
  expression: ['expression', 'emotion'],
  yaw: ['yaw'],
  pitch: ['pitch'],
  roll: ['roll'],
  people: ['people', 'count', 'faces'],
  presentation: ['presentation', 'spoof'],
  manipulated: ['manipulated', 'deepfake', 'fake'],
};

const ROLE_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(COLUMNS).flatMap(([role, names]) => names.map(name => [name, role] as const)),
);

const YES = /^(?:yes|true|1|y)$/i;
const NO = /^(?:no|false|0|-1|n)$/i;
const answer = (text: string | undefined): boolean | undefined =>
  text === undefined ? undefined : YES.test(text) ? true : NO.test(text) ? false : undefined;

const PRESENTATION_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:live|real|bona ?fide|genuine|no|none|0)$/i, PRESENTATIONS.live],
  [/cut/i, PRESENTATIONS.cut],
  [/bent|warp/i, PRESENTATIONS.bent],
  [/print|photo|paper$/i, PRESENTATIONS.print],
  [/screen|replay|video|display|phone|tablet/i, PRESENTATIONS.screen],
  [/paper.?mask/i, PRESENTATIONS.paperMask],
  [/flexible|silicon/i, PRESENTATIONS.flexibleMask],
  [/mask/i, PRESENTATIONS.rigidMask],
  [/mannequin|head/i, PRESENTATIONS.mannequin],
  [/glasses/i, PRESENTATIONS.glasses],
  [/make-?up/i, PRESENTATIONS.makeup],
];

const numeric = (text: string | undefined): number | undefined => {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
};

/** `3` and `monk-3`. */
const toneOf = (text: string | undefined): number | undefined => {
  const tone = numeric(text?.replace(/^monk[-_ ]?/i, ''));
  return tone !== undefined && tone >= 1 && tone <= 10 ? tone : undefined;
};

/** Most classes that a column may have and still be an attribute: names and dates have more. */
const MOST_CLASSES = 20;

interface Attribute {
  readonly column: string;
  /** For each of its cells, the attributes that the image has and has not. */
  readonly split: (cell: string) => { readonly present: readonly string[]; readonly absent: readonly string[] };
}

/** The columns that no role claims: of yes and no, or of a few classes. */
function attributesOf(rows: readonly Row[], columns: readonly string[]): Attribute[] {
  return columns.flatMap((column): Attribute[] => {
    if (column === 'file' || ROLE_OF.has(fold(column))) return [];
    const classes = [...new Set(rows.flatMap(row => row[column] ?? []))];
    const words = attributeWords(column);
    if (classes.length > 0 && classes.every(cell => answer(cell) !== undefined))
      return [
        { column, split: cell => (answer(cell) ? { present: [words], absent: [] } : { present: [], absent: [words] }) },
      ];
    if (classes.length < 2 || classes.length > MOST_CLASSES || classes.every(cell => numeric(cell) !== undefined))
      return [];
    const named = (cell: string): string => `${words}: ${cell.replaceAll(/[_-]/g, ' ')}`;
    return [
      {
        column,
        split: cell => ({ present: [named(cell)], absent: classes.filter(other => other !== cell).map(named) }),
      },
    ];
  });
}

const fold = (column: string): string =>
  column
    .trim()
    .toLowerCase()
    .replace(/[-\s]+/g, '_');

/** Says what the rows of a table with a column `file` and columns of labels mean. */
export function tableLabels({ columns }: Table, rows: readonly Row[]): (row: Row) => ImageLabels {
  const byRole = new Map(
    columns.flatMap(column => (ROLE_OF.has(fold(column)) ? [[ROLE_OF.get(fold(column)), column]] : [])),
  );
  const attributes = attributesOf(rows, columns);
  return row => {
    const cell = (role: string): string | undefined => row[byRole.get(role) ?? ''];
    const [born, taken] = [numeric(cell('born')), numeric(cell('taken'))];
    const years = born === undefined || taken === undefined ? undefined : String(taken - born);
    const angles = [cell('yaw'), cell('pitch'), cell('roll')].map(numeric);
    const [yaw, pitch, roll] = angles;
    const spoof = cell('presentation');
    const split = attributes.flatMap(({ column, split }) => (row[column] === undefined ? [] : [split(row[column])]));
    return {
      subject: cell('subject') ?? cell('name'),
      name: cell('name'),
      clip: cell('clip'),
      age: ageOf(cell('age') ?? years),
      gender: genderOf(cell('gender')),
      race: cell('race'),
      skinTone: toneOf(cell('skinTone')),
      expression: expressionOf(cell('expression')),
      pose: yaw === undefined || pitch === undefined || roll === undefined ? undefined : { yaw, pitch, roll },
      people: numeric(cell('people')),
      presentation: spoof === undefined ? undefined : PRESENTATION_WORDS.find(([word]) => word.test(spoof))?.[1],
      manipulated: answer(cell('manipulated')),
      present: split.flatMap(({ present }) => present),
      absent: split.flatMap(({ absent }) => absent),
    };
  };
}

/** Names of a mask folder's regions as questions write them; what is no part of a face is not asked about. */
const REGION_WORDS: Readonly<Record<string, string>> = {
  background: '',
  skin: 'Facial skin',
  brow: 'Eyebrows',
  eye: 'Eyes',
  ear: 'Ears',
  mouth: 'Inside of the mouth',
};

/** Finds the mask of an image in a folder of masks with its `regions.json`; null where there is no such folder. */
export async function openMasks(
  directory: string | undefined,
  fallback: string,
): Promise<((file: string) => Promise<(() => Promise<RegionMap>) | undefined>) | null> {
  const root = directory ?? fallback;
  const list = join(root, 'regions.json');
  const text = await readFile(list, 'utf8').catch((error: unknown) => {
    if (directory === undefined) return null;
    throw new BiolensError('input', `${list}: ${messageOf(error)}`);
  });
  if (text === null) return null;
  const names = z.array(z.string()).safeParse(parseJson(text));
  if (!names.success) throw new BiolensError('input', `${list}: expected a list of region names`);
  const words = names.data.map(name => REGION_WORDS[name] ?? attributeWords(name));
  return async file => {
    const path = join(root, file.replace(/\.\w+$/, '.png'));
    const there = await access(path).then(
      () => true,
      () => false,
    );
    return there ? () => readIndexMap(path, words) : undefined;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const LABEL_TABLE = /^(?:[^/]+\/)?labels\.csv$/;

/** The rows of `labels.csv` whose images are there, with what they say. */
export async function* readLabelTable(
  folder: SourceFolder,
  options: ReadSourceOptions,
): AsyncGenerator<LabelledImage & { readonly row: Row }> {
  const name = folder.find(LABEL_TABLE);
  if (name === undefined) throw new BiolensError('input', `${folder.root}: no labels.csv`);
  const table = await readCsv(folder.path(name), { key: 'file' });
  const rows = recordsOf(table);
  const labels = tableLabels(table, rows);
  const locate = pictureFinder(folder);
  const masks = await openMasks(options.masks, `${folder.root}-masks`);
  for (const row of rows) {
    const file = locate(row.file ?? '', name.slice(0, Math.max(0, name.lastIndexOf('/'))));
    if (file === null) continue;
    yield { file, path: folder.path(file), ...labels(row), regions: await masks?.(row.file ?? ''), row };
  }
}

/** A user's own table of labels. */
export const table: Adapter = {
  name: 'table',
  dataset: 'Faces',
  layout: `labels.csv: a column "file" and any of ${Object.values(COLUMNS).flat().join(', ')}; other columns are attributes`,
  detect: async folder => folder.find(LABEL_TABLE) !== undefined,
  async *read(folder, options) {
    for await (const { row, ...image } of readLabelTable(folder, options)) {
      if (row.duplicate_of === undefined) yield image;
    }
  },
};
