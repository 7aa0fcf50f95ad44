import type { Image } from '../images/index.ts';

/** A frame of a clip. */
export interface Frame {
  /** When it is shown, in seconds from the start of the clip. */
  readonly seconds: number;
  readonly image: Image;
}

/** How much of a clip is read. */
export interface FrameOptions {
  /** Frames a second at most: of each 1/rate seconds the first frame. A slower clip gives all that it has, none twice. */
  readonly rate: number;
  /** Longest side of the frames in pixels; smaller ones keep their size. Default 320. */
  readonly side?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_SIDE = 320;
/** Most pixels of a frame before it is made smaller. */
export const MOST_PIXELS = 64_000_000;
/** Most frames that are read of a clip: seven hours at 8 a second. */
export const MOST_FRAMES = 200_000;

/** Lets a frame of each 1/rate seconds pass: the first that begins in them. */
export class Pacer {
  readonly #rate: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(rate: number) {
    this.#rate = rate;
  }

  takes(seconds: number): boolean {
    const place = Math.floor(seconds * this.#rate + SLACK);
    if (place <= this.#last) return false;
    this.#last = place;
    return true;
  }
}

/** Times are sums of rounded ones. */
export const SLACK = 1e-6;

/** Width and height with the longer side at most `side`, each at least 1. */
export function fitInside(width: number, height: number, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height));
  const fit = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: fit(width), height: fit(height) };
}
