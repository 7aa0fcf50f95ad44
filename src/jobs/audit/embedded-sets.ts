import { BiolensError } from '../../ground/errors.ts';
import type { Matrix } from '../../ground/math/index.ts';
import type { MatrixSource } from '../../kit/tensor/index.ts';
import { eachBlock } from './rows.ts';

/** Embeddings of the three sets of an audit, one row an item. */
export interface EmbeddedSets {
  /** May be larger than memory. */
  readonly training: { readonly rows: MatrixSource; readonly id: (row: number) => string };
  readonly generated: MemorySet;
  readonly heldout: MemorySet | null;
}

/** A set whose embeddings are in memory. */
export interface MemorySet {
  readonly rows: Matrix;
  readonly id: (row: number) => string;
  /** What a row was made of, such as the digest of its file: rows of one content are one observation. */
  readonly content?: (row: number) => string | undefined;
}

/** What messages call the sets: the files or folders they came from. */
export interface SetNames {
  readonly training: string;
  readonly generated: string;
  readonly heldout: string;
}

/** The fewest items an audit can say something about. */
const MIN_ROWS = 2;

/**
 * Longest and shortest embeddings. Products of pairs are computed in single precision, which ends at 3.4e38 and begins at 1e-38: beyond
 * these lengths they would be infinite or zero.
 */
const LENGTHS = { most: 1e18, least: 1e-15 } as const;

function checkRows(name: string, block: Matrix, start: number): void {
  for (let i = 0; i < block.rows; i++) {
    let squares = 0;
    for (let j = 0; j < block.cols; j++) squares += block.data[i * block.cols + j]! ** 2;
    if (!Number.isFinite(squares)) {
      const at = Array.from({ length: block.cols }, (_, j) => block.data[i * block.cols + j]!);
      const bad = at.find(value => !Number.isFinite(value));
      throw new BiolensError('input', `${name}: row ${start + i} holds ${bad ?? 'numbers too large to square'}`);
    }
    const length = Math.sqrt(squares);
    if (squares > 0 && (length > LENGTHS.most || length < LENGTHS.least))
      throw new BiolensError(
        'input',
        `${name}: row ${start + i} has a length of ${length.toPrecision(3)}, expected 1e-15 to 1e18; scale the embeddings`,
        { details: { file: name } },
      );
    if (squares === 0) throw new BiolensError('input', `${name}: row ${start + i} is all zeros, which is no embedding`);
  }
}

/**
 * Checks that every number of a source is finite and no row is all zeros; reads it once.
 *
 * @throws BiolensError `input`, naming the source and the row, counted from 0
 */
export async function checkSource(
  name: string,
  source: MatrixSource,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for await (const { start, block } of eachBlock(source, options)) checkRows(name, block, start);
}

/**
 * Checks embeddings at the door: same width everywhere, 2 rows or more in each set, every number finite and no row of zeros.
 * Rows are counted from 0. Reads the whole training set once.
 *
 * @throws BiolensError `input`, naming the set's file and the row
 */
export async function checkSets(
  sets: EmbeddedSets,
  options: { readonly names: SetNames; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { names, signal } = options;
  const { training, generated, heldout } = sets;
  const given = [
    ['training', training.rows] as const,
    ['generated', generated.rows] as const,
    ...(heldout === null ? [] : [['heldout', heldout.rows] as const]),
  ];
  for (const [set, { rows, cols }] of given) {
    if (rows < MIN_ROWS)
      throw new BiolensError(
        'input',
        `${names[set]}: ${rows === 1 ? 'one image only' : 'no images'}, an audit needs ${MIN_ROWS} or more`,
      );
    if (cols !== training.rows.cols)
      throw new BiolensError(
        'input',
        `${names[set]}: embeddings are ${cols} wide, those of ${names.training} are ${training.rows.cols}`,
      );
  }
  checkRows(names.generated, generated.rows, 0);
  if (heldout !== null) checkRows(names.heldout, heldout.rows, 0);
  await checkSource(names.training, training.rows, { signal });
}
