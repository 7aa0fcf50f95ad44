import type { ModelCard } from '../../ground/contracts/index.ts';

type Embedding = Extract<ModelCard['output'], { meaning: 'embedding' }>;

/** A row at unit length; as it is where it has none. */
export function atUnitLength(row: Float32Array): Float32Array {
  let sum = 0;
  for (const value of row) sum += value * value;
  const scale = 1 / Math.sqrt(sum);
  return Number.isFinite(scale) ? row.map(value => value * scale) : row;
}

/** Of one image's output, `[tokens, width]`, the first token or the mean of all. */
export function selectTokens(row: Float32Array, { select, width }: Pick<Embedding, 'select' | 'width'>): Float32Array {
  if (select === 'whole') return row;
  if (select === 'first-token') return row.slice(0, width);
  const mean = new Float32Array(width);
  for (let i = 0; i < row.length; i++) mean[i % width]! += row[i]!;
  return mean.map(value => value / (row.length / width));
}

/** The mean of rows of one length, each scaled to unit length first; a single row as it is. */
export function averageRows(rows: readonly Float32Array[]): Float32Array {
  if (rows.length === 1) return rows[0]!;
  const mean = new Float32Array(rows[0]!.length);
  for (const row of rows) {
    const unit = atUnitLength(row);
    for (let i = 0; i < mean.length; i++) mean[i]! += unit[i]! / rows.length;
  }
  return mean;
}
