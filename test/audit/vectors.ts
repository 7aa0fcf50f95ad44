import type { Matrix } from '../../src/ground/math/index.ts';

/** A matrix from nested rows. */
export function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, cols: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

interface Wave {
  readonly rows: number;
  readonly a: number;
  readonly b: number;
  readonly scale: number;
  readonly slope: number;
}

const WIDTH = 6;

/** X_ij = s·sin(a·i·j² + b·i² + .37j) + h·j/d with i and j from 1. */
function wave({ rows, a, b, scale, slope }: Wave): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from(
      { length: WIDTH },
      (_, j) =>
        scale * Math.sin(a * (i + 1) * (j + 1) ** 2 + b * (i + 1) ** 2 + 0.37 * (j + 1)) + (slope * (j + 1)) / WIDTH,
    ),
  );
}

function moved(rows: readonly (readonly number[])[], by: number): number[][] {
  return rows.map(row => row.map(value => value + by));
}

const trainingRows = wave({ rows: 60, a: 0.71, b: 0.013, scale: 1, slope: 0 });
const ownRows = wave({ rows: 45, a: 0.93, b: 0.029, scale: 0.8, slope: 0.5 });
const generatedRows = [...ownRows, ...moved(trainingRows.slice(0, 5), 1e-3)];

/** The sets that the published implementations were run on for the vectors of the tests. */
export const VECTOR_SETS = {
  training: matrixOf(trainingRows),
  heldout: matrixOf(wave({ rows: 40, a: 1.13, b: 0.057, scale: 1, slope: 0 })),
  /** 45 items of its own, then 5 copies of training items moved by 0.001. */
  generated: matrixOf(generatedRows),
  withoutCopies: matrixOf(ownRows),
  firstTraining: matrixOf(trainingRows.slice(0, 50)),
  onlyCopies: matrixOf(moved(trainingRows.slice(0, 50), 1e-6)),
  far: matrixOf(moved(generatedRows, 5)),
} as const;
