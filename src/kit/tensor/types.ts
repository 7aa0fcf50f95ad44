/** Element types that graphs and files may hold. float16 is carried as its bits. */
export interface DataOf {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}
export type DType = keyof DataOf;

/** A tensor in memory, row-major. */
export type TensorData = {
  readonly [D in DType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DataOf[D] };
}[DType];

/**
 * The size of an axis: a number, or a name for a size that is known only when the graph runs, such as `n`. Axes of one name have one
 * size; `?` is a size of which nothing is known.
 */
export type Dim = number | string;

/** Name of a size of which nothing is known, not even that it is the size of another axis. */
export const UNKNOWN_SIZE = '?';

/** What is known of a graph's input or output. `dtype` is null for types that biolens does not feed. */
export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly dtype: DType | null;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A float32 tensor. */
export function float32(data: Float32Array, shape: readonly number[]): TensorData & { readonly dtype: 'float32' } {
  return { dtype: 'float32', shape, data };
}

/** A shape as messages write it: `[n, 3, 512, 512]`. */
export function formatShape(shape: readonly Dim[]): string {
  return `[${shape.join(', ')}]`;
}
