/** Cells along columns, rows, slices; 1 slice for an image. */
export type Size = readonly [number, number, number];

/** Axes of a grid that it extends along. */
export const axesOf = (size: Size): number => (size[2] > 1 ? 3 : 2);

export function inner(a: Float32Array, b: Float32Array): number {
  // Four sums, which a processor can add side by side.
  let [s, t, u, v] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s += a[i]! * b[i]!;
    t += a[i + 1]! * b[i + 1]!;
    u += a[i + 2]! * b[i + 2]!;
    v += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s += a[i]! * b[i]!;
  return s + t + u + v;
}
