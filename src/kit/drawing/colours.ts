import type { Rgb } from '../images/crop.ts';

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

export function scale(a: Rgb, by: Rgb): Rgb {
  return [a[0] * by[0], a[1] * by[1], a[2] * by[2]];
}

/** `#rrggbb` → red, green, blue. */
export function hex(text: string): Rgb {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Perceived lightness, 0 to 1 (Rec. 709 weights on the encoded samples). */
export function lightness(colour: Rgb): number {
  return (0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]) / 255;
}
