import type { DataOf, Dim, DType } from '../types.ts';

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
  | { readonly string: string }
  /** The body of a loop; it may use values of the graph around it. */
  | { readonly graph: ModelToWrite };

/** Weights that travel with the graph. */
export type Initialiser = {
  readonly [D in DType]: {
    readonly name: string;
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: DataOf[D];
  };
}[DType];

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** An operation as it is written: tensors are told apart by identity and called by their names. */
export interface NodeToWrite {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (NamedTensor | null)[];
  readonly outputs: readonly NamedTensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What makes a model: the parts of a `Graph`. */
export interface ModelToWrite {
  readonly nodes: readonly NodeToWrite[];
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly { readonly name: string; readonly value: NamedTensor }[];
  readonly initialisers: readonly Initialiser[];
}
