import type { ImageCount } from '../../../../ground/contracts/bench.ts';
import type { RandomStream } from '../../../../ground/math/index.ts';
import type { Image } from '../../../../kit/images/index.ts';
import type { LabelledImage } from '../labelled-image.ts';
import type { Pool } from '../pool.ts';
import type { ToolBook } from '../tool-book.ts';

/** What is done to an image for one question; null where it does not lead to an image that can be asked about. */
export interface Alteration {
  readonly how: string;
  readonly apply: (image: Image) => Promise<Image | null>;
}

/** An image as a question shows it. */
export interface Shown {
  readonly image: LabelledImage;
  /** What is done to it first; without it the file is shown as it is. */
  readonly alter?: Alteration;
}

/** A question before it has a number and its options have letters. */
export interface Draft {
  readonly text: string;
  /** Four, the right one at `key`. */
  readonly options: readonly string[];
  readonly key: number;
  readonly shown: readonly Shown[];
}

/**
 * One way of asking. To leave nothing to be read from the options alone, it decides on the options first, takes each of them for the
 * right one equally often, and then looks for images that make it right.
 */
export interface Template {
  /** Stable, for the provenance. */
  readonly id: string;
  readonly images: ImageCount;
  /** Null where the draw led nowhere; another is tried then. */
  readonly make: (pool: Pool, stream: RandomStream) => Draft | null | Promise<Draft | null>;
}

export interface TaskQuestions {
  /** What the in-context setting tells the model about the task. */
  readonly description: string;
  readonly templates: readonly Template[];
  /** Material that every setting shows first. */
  readonly context?: string;
}

export interface Material {
  readonly pool: Pool;
  /** What the source says of itself. */
  readonly lowResolution: boolean;
  readonly tools: ToolBook;
}

/** Prepares the questions of a task from what a source has; a text where its labels do not suffice, saying what is missing. */
export type TaskMaker = (material: Material) => TaskQuestions | string;

export const INSTRUCTION = 'Choose the one option that is right and answer with its letter alone.';

export const plain = (images: readonly LabelledImage[]): Shown[] => images.map(image => ({ image }));

/** Four numbers in a row that contain those which can come out, the lowest at most `last − 3`. */
export function windowOf(stream: RandomStream, first: number, last: number): number[] {
  const low = first + stream.integer(Math.max(1, last - first - 2));
  return [low, low + 1, low + 2, low + 3];
}

/** `image 2`, `images 1 and 3`, from places counted from 0. */
export function imageNames(places: readonly number[]): string {
  const numbers = places.map(place => String(place + 1));
  if (numbers.length === 1) return `Image ${numbers[0]}`;
  return `Images ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;
}

/** All ways of taking `size` of `n` places, each ascending. */
export function subsets(n: number, size: number): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: n }, (_, i) => i).flatMap(first =>
    subsets(n - first - 1, size - 1).map(rest => [first, ...rest.map(place => place + first + 1)]),
  );
}

/** Four different ones in random order; fewer where there are not so many. */
export function fourOf<T>(stream: RandomStream, all: readonly T[]): T[] {
  return stream.sampleWithoutReplacement(all.length, Math.min(4, all.length)).map(i => all[i]!);
}

/** Whether at least so many of the images have it. */
export const countWith = (pool: Pool, has: (image: LabelledImage) => boolean): number => pool.images.filter(has).length;
