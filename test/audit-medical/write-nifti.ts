/** A volume as NIfTI-1 of 16 bits, or of another type, byte order and version. */
export function niftiOf(
  size: readonly [number, number, number],
  values: ArrayLike<number>,
  { little = true, second = false, slope = 0 } = {},
): Uint8Array {
  const offset = second ? 544 : 352;
  const bytes = new Uint8Array(offset + 2 * values.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, second ? 540 : 348, little);
  if (second) {
    view.setInt16(12, 4, little);
    [3, ...size, 1, 1, 1, 1].forEach((n, i) => {
      view.setBigInt64(16 + 8 * i, BigInt(n), little);
    });
    view.setBigInt64(168, BigInt(offset), little);
    view.setFloat64(176, slope, little);
    view.setFloat64(184, 7, little);
  } else {
    [3, ...size, 1, 1, 1, 1].forEach((n, i) => {
      view.setInt16(40 + 2 * i, n, little);
    });
    view.setInt16(70, 4, little);
    view.setFloat32(108, offset, little);
    view.setFloat32(112, slope, little);
    view.setFloat32(116, 7, little);
  }
  for (let i = 0; i < values.length; i++) view.setInt16(offset + 2 * i, values[i]!, little);
  return bytes;
}
