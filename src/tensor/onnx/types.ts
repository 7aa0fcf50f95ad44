import type { DType } from '../types.ts';

/** `TensorProto.DataType` of the element types that biolens knows. */
export const ONNX_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};
