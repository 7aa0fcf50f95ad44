/** A decoded image: 8-bit sRGB, `[height, width, 3]` row-major, upright, alpha flattened. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
