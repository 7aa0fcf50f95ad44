import type { DataOf, DType } from '../types.ts';

/** `TensorProto.DataType` of the element types that biolens knows. */
export const ONNX_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** An ONNX attribute with its type spelled out, since `1` may be an integer or a float. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string };

/** Weights that travel with the graph. */
export type Initialiser = {
  readonly [D in DType]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: DataOf[D];
  };
}[DType];
