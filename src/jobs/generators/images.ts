import type { Image } from '../../kit/images/index.ts';

/** Images `[n, channels, size, size]` in [−1, 1] as images of 8 bits; grey ones with three equal channels. */
export function toImages(
  images: Float32Array,
  { size, channels }: { readonly size: number; readonly channels: number },
): Image[] {
  const plane = size * size;
  return Array.from({ length: images.length / (channels * plane) }, (_, n) => {
    const data = new Uint8Array(plane * 3);
    for (let c = 0; c < 3; c++) {
      const from = (n * channels + Math.min(c, channels - 1)) * plane;
      for (let i = 0; i < plane; i++)
        data[i * 3 + c] = Math.round((Math.max(-1, Math.min(1, images[from + i]!)) + 1) * 127.5);
    }
    return { width: size, height: size, data };
  });
}
