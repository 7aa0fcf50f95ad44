/** Samples of 8 bits as a decoder of ours gives them, `[height, width, channels]` row-major. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}
