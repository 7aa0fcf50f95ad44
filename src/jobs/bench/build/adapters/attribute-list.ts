import type { SourceFolder } from '../source-folder.ts';
import { attributeWords, genderOf } from '../vocabulary.ts';
import type { TableRow } from './make-adapter.ts';

/** Judgements of taste and of the photograph, which no question should ask a model to repeat. */
const LEFT_OUT = new Set(['Attractive', 'Blurry', 'Male', 'Young']);

/** The list of attributes of CelebA and CelebAMask-HQ: a count, the names, then `000001.jpg -1 1 …`; or the same as CSV with a header. */
export async function attributeRows(folder: SourceFolder, table: string): Promise<TableRow[]> {
  const cells = (line: string): string[] => line.trim().split(table.endsWith('.csv') ? ',' : /\s+/);
  const [first = '', ...rest] = await folder.lines(table);
  const lines = /^\d+\s*$/.test(first) ? rest : [first, ...rest];
  const names = cells(lines[0] ?? '').filter(name => name !== 'image_id');
  const words = names.map(attributeWords);
  const asked = names.flatMap((name, i) => (LEFT_OUT.has(name) ? [] : [i]));
  const male = names.indexOf('Male');
  return lines.slice(1).flatMap(line => {
    const [picture = '', ...values] = cells(line);
    if (picture === '' || values.length !== names.length) return [];
    return [
      {
        picture,
        present: asked.filter(i => values[i] === '1').map(i => words[i]!),
        absent: asked.filter(i => values[i] !== '1').map(i => words[i]!),
        gender: male < 0 ? undefined : genderOf(values[male] === '1' ? 'male' : 'female'),
      },
    ];
  });
}
