import { BiolensError } from '../../../../ground/errors.ts';
import { readCsv } from '../../../../kit/images/index.ts';
import { type MatFields, type MatValue, readMat } from '../mat-file.ts';
import { ageOf, genderOf } from '../vocabulary.ts';
import { pathAdapter, type TableRow, tableAdapter } from './make-adapter.ts';
import { recordsOf } from './table.ts';

const FAIRFACE_RACES: Readonly<Record<string, string>> = {
  White: 'White',
  Black: 'Black',
  Latino_Hispanic: 'Latino or Hispanic',
  'East Asian': 'East Asian',
  'Southeast Asian': 'Southeast Asian',
  Indian: 'Indian',
  'Middle Eastern': 'Middle Eastern',
};

const fairface = tableAdapter({
  name: 'fairface',
  dataset: 'FairFace',
  layout: 'fairface_label_{train,val}.csv (file,age,gender,race) beside train/1.jpg and val/1.jpg',
  table: /(?:^|\/)fairface_label\w*\.csv$/i,
  rows: async (folder, table) =>
    recordsOf(await readCsv(folder.path(table), { key: 'file' })).map(row => ({
      picture: row.file ?? '',
      age: ageOf(row.age),
      gender: genderOf(row.gender),
      race: FAIRFACE_RACES[row.race ?? ''],
    })),
});

/** The last of its classes, "others", says nothing that could be asked about. */
const UTK_RACES = ['White', 'Black', 'Asian', 'Indian'] as const;

const utkface = pathAdapter({
  name: 'utkface',
  dataset: 'UTKFace',
  layout: 'AGE_GENDER_RACE_DATE.jpg or .jpg.chip.jpg, such as 26_1_2_20170116184024662.jpg',
  pattern: /(?:^|\/)(?<age>\d{1,3})_(?<gender>[01])_(?<race>[0-4])_\d+\.\w+(?:\.chip\.\w+)?$/,
  labels: ({ age, gender, race }) => ({
    age: ageOf(age),
    gender: gender === '0' ? 'male' : 'female',
    race: UTK_RACES[Number(race)],
  }),
});

/** Day 1 of MATLAB's calendar is January 1 of the year 0. */
const yearOfDay = (day: number): number => new Date((day - 719_529) * 86_400_000).getUTCFullYear();

const imdb = tableAdapter({
  name: 'imdb',
  dataset: 'IMDB',
  layout:
    'imdb.mat (or wiki.mat) with the images of imdb_crop; or its columns full_path,name,gender,dob,photo_taken exported as imdb.csv',
  table: /(?:^|\/)(?:imdb|wiki)\.(?:mat|csv)$/i,
  rows: async (folder, table) => {
    const file = folder.path(table);
    if (table.toLowerCase().endsWith('.csv'))
      return recordsOf(await readCsv(file, { key: 'full_path' })).map(row =>
        celebrity({
          path: row.full_path ?? '',
          name: row.name ?? '',
          gender: Number(row.gender || Number.NaN),
          born: bornIn(row.dob ?? ''),
          taken: Number(row.photo_taken || Number.NaN),
        }),
      );
    const variables = readMat((await folder.bytes(table)) ?? new Uint8Array(), file);
    const meta = variables.get('imdb') ?? variables.get('wiki');
    const [fields] = meta?.kind === 'struct' ? meta.elements : [];
    if (fields === undefined) throw new BiolensError('input', `${file}: expected a struct "imdb" or "wiki"`);
    return celebrities(fields, file);
  },
});

/** A year, a date that begins with one, or a day of MATLAB's calendar. */
function bornIn(text: string): number {
  if (/^\d{4}(?:-|$)/.test(text)) return Number(text.slice(0, 4));
  return text === '' ? Number.NaN : yearOfDay(Number(text));
}

interface Celebrity {
  readonly path: string;
  readonly name: string;
  readonly gender: number;
  readonly born: number;
  readonly taken: number;
}

function celebrity({ path, name, gender, born, taken }: Celebrity): TableRow {
  const who = name.trim();
  const age = taken - born;
  return {
    picture: path,
    ...(who === '' ? {} : { name: who, subject: who }),
    gender: gender === 1 ? 'male' : gender === 0 ? 'female' : undefined,
    ...(age >= 0 && age <= 110 ? { age: [age, age] as const } : {}),
  };
}

function* celebrities(fields: MatFields, file: string): Generator<TableRow> {
  const column = (name: string): MatValue => {
    const value = fields.get(name);
    if (value === undefined) throw new BiolensError('input', `${file}: no field "${name}"`);
    return value;
  };
  const [paths, names] = [column('full_path'), column('name')];
  const number = (value: MatValue, i: number): number => (value.kind === 'numbers' ? value.values[i]! : Number.NaN);
  const text = (value: MatValue, i: number): string => {
    const cell = value.kind === 'cells' ? value.cells[i] : undefined;
    return cell?.kind === 'text' ? cell.text : '';
  };
  const [gender, born, taken, score, second] = [
    column('gender'),
    column('dob'),
    column('photo_taken'),
    column('face_score'),
    column('second_face_score'),
  ];
  const count = paths.kind === 'cells' ? paths.cells.length : 0;
  for (let i = 0; i < count; i++) {
    // Without a face, or with a second one, nobody knows whom the name is of.
    if (!Number.isFinite(number(score, i)) || Number.isFinite(number(second, i))) continue;
    yield celebrity({
      path: text(paths, i),
      name: text(names, i),
      gender: number(gender, i),
      born: yearOfDay(number(born, i)),
      taken: number(taken, i),
    });
  }
}

export const PEOPLE_ADAPTERS = [fairface, utkface, imdb];
