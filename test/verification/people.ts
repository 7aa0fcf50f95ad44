import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foldIn, type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import { float32, writeNpy } from '../../src/kit/tensor/index.ts';

export interface DrawnPeople {
  readonly matrix: Matrix;
  readonly identities: readonly string[];
}

/** Embeddings of people: a direction each, and noise about it. */
export function drawPeople({
  people,
  each,
  width = 64,
  noise = 0.6,
  seed = 5,
  prefix = 'p',
}: {
  readonly people: number;
  readonly each: number;
  readonly width?: number;
  readonly noise?: number;
  readonly seed?: number;
  readonly prefix?: string;
}): DrawnPeople {
  const stream = openStream(foldIn(randomKey(seed), 'people'));
  const data = new Float32Array(people * each * width);
  const identities: string[] = [];
  for (let person = 0; person < people; person++) {
    const centre = Array.from({ length: width }, () => stream.normal());
    for (let image = 0; image < each; image++) {
      const at = (person * each + image) * width;
      centre.forEach((value, j) => {
        data[at + j] = value + noise * stream.normal() + 0.3;
      });
      identities.push(`${prefix}${person}`);
    }
  }
  return { matrix: { rows: people * each, cols: width, data }, identities };
}

/** Writes embeddings and their labels into a folder of their own. */
export async function writePeople(
  { matrix, identities }: DrawnPeople,
  columns: Readonly<Record<string, readonly (string | number)[]>> = {},
): Promise<{ readonly folder: string; readonly embeddings: string; readonly labels: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'biolens-people-'));
  const embeddings = join(folder, 'faces.npy');
  const labels = join(folder, 'faces.csv');
  await writeFile(embeddings, writeNpy(float32(matrix.data, [matrix.rows, matrix.cols])));
  const names = Object.keys(columns);
  const lines = identities.map((identity, i) =>
    [`${i}.png`, identity, ...names.map(name => columns[name]![i])].join(','),
  );
  await writeFile(labels, `${['file', 'identity', ...names].join(',')}\n${lines.join('\n')}\n`);
  return { folder, embeddings, labels };
}
