/** A protected template: bits (0 and 1), indices, or numbers. */
export type Template = Uint8Array | Uint16Array | Float32Array;

/** A scheme under one key for embeddings of one width: the key's expansion is made once. */
export interface KeyedScheme {
  /** @param unit embedding of unit length, `[width]` */
  protect(unit: ArrayLike<number>): Template;
  /**
   * What a thief who has the key makes of a template: an estimate of the embedding, not of unit length, on a scale on which estimates of
   * several templates add up. Absent where none is known in closed form; then a search does it.
   */
  estimate?(template: Template): Float64Array;
}

/** A way to make templates that can be revoked: one file, one line of the registry. */
export interface Scheme {
  /** On the command line and in records. */
  readonly name: string;
  readonly title: string;
  /** Where it was published, and where this deviates. */
  readonly source: string;
  /** A patent that is known to be listed for it. */
  readonly patent?: string;
  /** Whether it is taken where no scheme is named. */
  readonly byDefault: boolean;
  /** What a template holds. */
  readonly holds: 'bits' | 'indices' | 'numbers';
  /** Bytes that a template of an embedding of so many numbers takes. */
  bytes(width: number): number;
  /** Numbers of a template. */
  length(width: number): number;
  open(key: Uint8Array, width: number): KeyedScheme;
  /** Similarity of two templates, larger for more alike; of templates under one key it says how alike the faces are. */
  compare(a: Template, b: Template): number;
}

/** 1 − Hamming distance over length. */
export function shareEqual(a: Template, b: Template): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal / a.length;
}

/** Cosine of the angle between two templates of numbers; 0 where one is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let first = 0;
  let second = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    first += a[i]! * a[i]!;
    second += b[i]! * b[i]!;
  }
  return first === 0 || second === 0 ? 0 : dot / Math.sqrt(first * second);
}

/** Products of rows with a vector: `[rows]` for `[rows, width]` row-major. */
export function project(rows: Float64Array, unit: ArrayLike<number>): Float64Array {
  const width = unit.length;
  const out = new Float64Array(rows.length / width);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    const from = i * width;
    for (let j = 0; j < width; j++) sum += rows[from + j]! * unit[j]!;
    out[i] = sum;
  }
  return out;
}

/** Rows weighted and summed: `[width]`. */
export function unproject(rows: Float64Array, weights: ArrayLike<number>, width: number): Float64Array {
  const out = new Float64Array(width);
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    const from = i * width;
    for (let j = 0; j < width; j++) out[j]! += weight * rows[from + j]!;
  }
  return out;
}
