/** Inner products of the rows of one clip with those of another, as a part of a larger matrix of them. */
export interface Products {
  readonly data: Float32Array;
  /** Where the first stands, and how far a row is from the next. */
  readonly start: number;
  readonly stride: number;
}

/** Rows of a clip, evenly spaced in time. */
export interface Track {
  readonly n: number;
  /** Seconds from one row to the next. */
  readonly step: number;
}

/** A whole matrix `[n, m]` as products. */
export const wholeMatrix = (data: Float32Array, columns: number): Products => ({ data, start: 0, stride: columns });
