import {
  APPEARANCE,
  BUILT_IN,
  type Classifier,
  type Embedder,
  type FaceAnalyser,
  type NoFacePolicy,
  openClassifier,
  openEmbedder,
  openFaceAnalyser,
} from '../../kit/faces/index.ts';
import type { Image } from '../../kit/images/index.ts';
import type { DeviceChoice } from '../../kit/tensor/index.ts';
import { AGE_GROUP } from './attributes.ts';
import { AGE_GROUPS, ageGroupOf } from './bias.ts';

/** What an audit takes from one image. */
export interface FaceReading {
  readonly embedding: Float32Array;
  /** Attribute → class, as the classifier sees it; empty without one or without a face. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Networks that turn images into readings. */
export interface FaceReader extends AsyncDisposable {
  readonly embedder: string;
  readonly width: number;
  readonly classifier: { readonly name: string; readonly classes: Readonly<Record<string, readonly string[]>> } | null;
  /** Images under way at a time that keep it busy. */
  readonly concurrency: number;
  /** @returns null where no face is found and the policy is to skip the image */
  read(image: Image, options?: { readonly signal?: AbortSignal | undefined }): Promise<FaceReading | null>;
}

export interface FaceReaderOptions {
  /** `built-in`, `appearance`, or the path of an ONNX model with a card. */
  readonly embedder: string;
  /** `built-in` (gender and age group), the path of an ONNX model with a card, or `none`. */
  readonly classifier: string;
  readonly noFace: NoFacePolicy;
  readonly device: DeviceChoice;
}

const BUILT_IN_CLASSES = { gender: ['male', 'female'], [AGE_GROUP]: AGE_GROUPS } as const;

type Classify = (image: Image, signal: AbortSignal | undefined) => Promise<Record<string, string>>;

function mostLikely(classes: readonly string[], probabilities: readonly number[]): string {
  return classes[probabilities.indexOf(Math.max(...probabilities))]!;
}

function classifyWith({ attributes, classify }: Classifier, noFace: NoFacePolicy): Classify {
  return async (image, signal) => {
    const [seen = null] = await classify([image], { noFace, signal });
    if (seen === null) return {};
    return Object.fromEntries(
      Object.entries(attributes).map(([name, classes]) => [name, mostLikely(classes, seen.probabilities[name] ?? [])]),
    );
  };
}

function builtInReader(analyser: FaceAnalyser, embedder: Embedder, noFace: NoFacePolicy): FaceReader['read'] {
  return async (image, { signal } = {}) => {
    const [[face] = []] = await analyser.analyse([image], { signal });
    if (face === undefined) {
      const [whole = null] = noFace === 'whole' ? await embedder.embed([image], { noFace, signal }) : [];
      return whole && { embedding: whole.embedding, attributes: {} };
    }
    const attributes = { gender: face.gender, [AGE_GROUP]: ageGroupOf(face.age) };
    if (embedder.name === BUILT_IN) return { embedding: face.embedding, attributes };
    const [embedded = null] = await embedder.embed([image], { noFace, signal });
    return embedded && { embedding: embedded.embedding, attributes };
  };
}

/**
 * Opens the networks of an audit.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there
 */
export async function openFaceReader(options: FaceReaderOptions): Promise<FaceReader> {
  const { device } = options;
  const wholePictures = options.embedder === APPEARANCE;
  // Who compares whole pictures has them classified whole too, where no face is found.
  const noFace = wholePictures ? 'whole' : options.noFace;
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const network of opened.splice(0).reverse()) await network.close();
  };
  const keep = <T extends { close(): Promise<void> }>(network: T): T => {
    opened.push(network);
    return network;
  };
  try {
    const needsFaces = !wholePictures || options.classifier === BUILT_IN;
    const analyser = needsFaces ? keep(await openFaceAnalyser({ device })) : undefined;
    const networks = { device, ...(analyser === undefined ? {} : { analyser }) };
    const embedder = keep(await openEmbedder(options.embedder, networks));
    const common = {
      embedder: embedder.name,
      width: embedder.width,
      concurrency: embedder.concurrency,
      [Symbol.asyncDispose]: close,
    };
    if (options.classifier === BUILT_IN && analyser !== undefined)
      return {
        ...common,
        classifier: { name: BUILT_IN, classes: BUILT_IN_CLASSES },
        read: builtInReader(analyser, embedder, noFace),
      };
    const classifier = options.classifier === 'none' ? null : keep(await openClassifier(options.classifier, networks));
    const classify: Classify = classifier === null ? async () => ({}) : classifyWith(classifier, noFace);
    return {
      ...common,
      classifier: classifier && { name: classifier.name, classes: classifier.attributes },
      read: async (image, { signal } = {}) => {
        const [embedded = null] = await embedder.embed([image], { noFace, signal });
        return embedded && { embedding: embedded.embedding, attributes: await classify(image, signal) };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
