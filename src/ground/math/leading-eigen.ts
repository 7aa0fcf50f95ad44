import { foldIn, openStream, randomKey } from './random.ts';
import { type SymmetricEigen, symmetricEigen } from './symmetric-eigen.ts';

/** Below this size, and from this share of all vectors on, all of them are quicker. */
const ALL_BELOW = 192;
const ALL_FROM = 1 / 6;

/** Residual of a pair that counts as found, relative to the largest value. */
const TOLERANCE = 1e-12;
const NOTHING_LEFT = 1e-13;

/** What Lanczos' method knows after some steps. */
interface Ritz {
  readonly values: Float64Array;
  /** `[wanted, n]` */
  readonly vectors: Float64Array;
  /** Largest residual among the wanted pairs. */
  readonly residual: number;
}

/** Removes from a vector what it has along orthonormal rows; twice, since once leaves what rounding did. */
function removeAlong(vector: Float64Array, rows: Float64Array, count: number): void {
  const n = vector.length;
  for (let pass = 0; pass < 2; pass++)
    for (let k = 0; k < count; k++) {
      const at = k * n;
      let along = 0;
      for (let j = 0; j < n; j++) along += vector[j]! * rows[at + j]!;
      for (let j = 0; j < n; j++) vector[j]! -= along * rows[at + j]!;
    }
}

function normalise(vector: Float64Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const norm = Math.sqrt(squares);
  if (norm > 0) for (let j = 0; j < vector.length; j++) vector[j]! /= norm;
  return norm;
}

/** A symmetric matrix times a vector. */
function multiply(data: Float64Array, vector: Float64Array, out: Float64Array): void {
  const n = vector.length;
  for (let i = 0, at = 0; i < n; i++) {
    let s0 = 0;
    let s1 = 0;
    let j = 0;
    for (; j + 1 < n; j += 2, at += 2) {
      s0 += data[at]! * vector[j]!;
      s1 += data[at + 1]! * vector[j + 1]!;
    }
    if (j < n) s0 += data[at++]! * vector[j]!;
    out[i] = s0 + s1;
  }
}

/**
 * Lanczos' method with full reorthogonalisation, orthogonal to vectors that are known, until the first `wanted` pairs are found or, where `until` says so, before.
 *
 * @returns null where half of all dimensions did not suffice
 */
function lanczos(
  data: Float64Array,
  n: number,
  options: {
    readonly wanted: number;
    readonly known: Float64Array;
    readonly start: number;
    readonly until?: (ritz: Ritz) => boolean;
    /** Largest value, where it is known. */
    readonly scale: number | null;
  },
): Ritz | null {
  const { wanted, known, until } = options;
  const knownCount = known.length / n;
  const most = Math.min(n - knownCount, Math.floor(n / 2));
  const basis = new Float64Array(most * n);
  const diagonal: number[] = [];
  const off: number[] = [];
  let seed = 0;
  const fresh = (count: number): Float64Array => {
    const start = new Float32Array(n);
    openStream(foldIn(foldIn(randomKey(options.start), 'Lanczos'), seed++)).fillNormal(start);
    const vector = Float64Array.from(start);
    removeAlong(vector, known, knownCount);
    removeAlong(vector, basis, count);
    normalise(vector);
    return vector;
  };
  let vector = fresh(0);
  let look = Math.min(most, wanted + Math.max(16, wanted));
  for (let m = 0; m < most; ) {
    basis.set(vector, m * n);
    const next = new Float64Array(n);
    multiply(data, vector, next);
    diagonal.push(next.reduce((sum, value, j) => sum + value * vector[j]!, 0));
    m++;
    removeAlong(next, known, knownCount);
    removeAlong(next, basis, m);
    const norm = normalise(next);
    const size = options.scale ?? Math.max(...diagonal.map(Math.abs));
    // An invariant space: what is left is orthogonal to it, and is begun anew.
    const ended = norm <= NOTHING_LEFT * size;
    vector = ended ? fresh(m) : next;
    if (m === look || m === most) {
      const ritz = ritzOf({ diagonal, off, last: ended ? 0 : norm, basis, n, wanted: Math.min(wanted, m) });
      const largest = options.scale ?? Math.abs(ritz.values[0]!);
      if (ritz.residual <= TOLERANCE * largest || until?.(ritz) === true) return ritz;
      look = Math.min(most, Math.ceil(m * 1.25));
    }
    off.push(ended ? 0 : norm);
  }
  return null;
}

/** The pairs that a basis knows of. */
function ritzOf(state: {
  readonly diagonal: readonly number[];
  readonly off: readonly number[];
  readonly last: number;
  readonly basis: Float64Array;
  readonly n: number;
  readonly wanted: number;
}): Ritz {
  const { diagonal, off, last, basis, n, wanted } = state;
  const m = diagonal.length;
  const small = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    small[i * m + i] = diagonal[i]!;
    if (i + 1 < m) small[i * m + i + 1] = small[(i + 1) * m + i] = off[i]!;
  }
  const eigen = symmetricEigen(small, m);
  const vectors = new Float64Array(wanted * n);
  let residual = 0;
  for (let c = 0; c < wanted; c++) {
    residual = Math.max(residual, Math.abs(last * eigen.vectors[c * m + m - 1]!));
    const own = vectors.subarray(c * n, (c + 1) * n);
    for (let i = 0; i < m; i++) {
      const weight = eigen.vectors[c * m + i]!;
      for (let j = 0; j < n; j++) own[j]! += weight * basis[i * n + j]!;
    }
  }
  return { values: eigen.values.slice(0, wanted), vectors, residual };
}

/**
 * The largest eigenvalues of a symmetric matrix and their eigenvectors, in a fraction of the time of all of them: Lanczos' method with full
 * reorthogonalisation (Golub and Van Loan, Matrix Computations, 10.3). From one start it finds one vector of a value that occurs several times, so another start,
 * orthogonal to what was found, has to find nothing larger before it ends.
 *
 * @param data `[n, n]` row-major, both triangles filled
 * @param count eigenvectors wanted, 1 … n
 * @returns values `[count]` largest first; vectors `[count, n]`, rows of length 1
 * @throws BiolensError `usage` when the size is wrong or an entry is not finite
 */
export function leadingEigen(data: Float64Array, n: number, count: number): SymmetricEigen {
  const all = (): SymmetricEigen => {
    const { values, vectors } = symmetricEigen(data, n);
    return { values: values.slice(0, count), vectors: vectors.slice(0, count * n) };
  };
  if (n < ALL_BELOW || count > n * ALL_FROM || data.length !== n * n || !data.every(Number.isFinite)) return all();
  let found = lanczos(data, n, { wanted: count, known: new Float64Array(), start: 1, scale: null });
  // Each turn finds a vector that was missed; a matrix that needs many has few different values.
  for (let turn = 0; found !== null && turn < count; turn++) {
    const { values, vectors }: Ritz = found;
    const least = values[count - 1]!;
    const scale = Math.abs(values[0]!);
    const none = least + TOLERANCE * scale;
    const check = lanczos(data, n, {
      wanted: 1,
      known: vectors,
      start: 2 + turn,
      until: ({ values: [value], residual }) => value! + residual < none,
      scale,
    });
    if (check === null) break;
    const [value] = check.values;
    if (value! <= none + check.residual) return { values, vectors };
    const at = values.findIndex(other => other < value!);
    const merged = new Float64Array(vectors);
    merged.copyWithin((at + 1) * n, at * n, (count - 1) * n);
    merged.set(check.vectors, at * n);
    found = {
      values: Float64Array.from([...values.slice(0, at), value!, ...values.slice(at, count - 1)]),
      vectors: merged,
      residual: check.residual,
    };
  }
  return all();
}
