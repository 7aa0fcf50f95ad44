import {
  APPEARANCE,
  BUILT_IN,
  type Classified,
  type Classifier,
  type Embedded,
  type Embedder,
  type FaceAnalyser,
  type FacesPolicy,
  type NoFacePolicy,
  openClassifier,
  openEmbedder,
  openFaceAnalyser,
} from '../../kit/faces/index.ts';
import type { Image } from '../../kit/images/index.ts';
import type { DeviceChoice } from '../../kit/tensor/index.ts';
import { AGE_GROUP } from './attributes.ts';
import { AGE_GROUPS, ageGroupOf } from './bias.ts';

/** What an audit takes from one face. */
export interface OneFace {
  readonly embedding: Float32Array;
  /** Attribute → class, as the classifier sees it; empty without one or without a face. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What an audit takes from one image: of its largest face, or of the whole of it. */
export interface FaceReading extends OneFace {
  /** Faces that were found in the image; absent where none were looked for. */
  readonly faces?: number;
  /** The image's other faces, largest first, where all are read and there are some. */
  readonly others?: readonly OneFace[];
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
  /** Asked for attributes in place of the classifier. */
  readonly asked?: Classifier | undefined;
  readonly noFace: NoFacePolicy;
  /** Which faces of an image are read. Default `largest`. */
  readonly faces?: FacesPolicy | undefined;
  readonly device: DeviceChoice;
}

const BUILT_IN_CLASSES = { gender: ['male', 'female'], [AGE_GROUP]: AGE_GROUPS } as const;

interface LookOptions {
  readonly noFace: NoFacePolicy;
  readonly faces: FacesPolicy;
}

/** Attributes of the faces of an image, in the order of the embedder's. */
type Classify = (image: Image, signal: AbortSignal | undefined) => Promise<readonly Record<string, string>[]>;

function mostLikely(classes: readonly string[], probabilities: readonly number[]): string {
  return classes[probabilities.indexOf(Math.max(...probabilities))]!;
}

function classifyWith({ attributes, classify }: Classifier, options: LookOptions): Classify {
  const classesOf = ({ probabilities }: Classified): Record<string, string> =>
    Object.fromEntries(
      // A model that is asked may say nothing of an attribute.
      Object.entries(attributes).flatMap(([name, classes]) => {
        const said = probabilities[name];
        return said === undefined ? [] : [[name, mostLikely(classes, said)]];
      }),
    );
  return async (image, signal) => {
    const [seen = null] = await classify([image], { ...options, signal });
    return seen === null ? [] : [seen, ...(seen.others ?? [])].map(classesOf);
  };
}

/** An embedder's faces with what a classifier says of each, face by face. */
function readingOf(
  { embedding, faces, others = [] }: Embedded,
  attributes: readonly Record<string, string>[],
): FaceReading {
  return {
    embedding,
    attributes: attributes[0] ?? {},
    ...(faces === undefined ? {} : { faces }),
    ...(others.length === 0
      ? {}
      : { others: others.map((other, i) => ({ embedding: other.embedding, attributes: attributes[i + 1] ?? {} })) }),
  };
}

function builtInReader(analyser: FaceAnalyser, embedder: Embedder, options: LookOptions): FaceReader['read'] {
  return async (image, { signal } = {}) => {
    const [found = []] = await analyser.analyse([image], { signal });
    const attributes = found.map(face => ({ gender: face.gender, [AGE_GROUP]: ageGroupOf(face.age) }));
    const [face, ...others] = found;
    if (embedder.name === BUILT_IN && face !== undefined)
      return readingOf({ ...face, faces: found.length, ...(options.faces === 'all' ? { others } : {}) }, attributes);
    if (face === undefined && options.noFace !== 'whole') return null;
    const [embedded = null] = await embedder.embed([image], { ...options, signal });
    return embedded && readingOf({ ...embedded, faces: found.length }, attributes);
  };
}

/**
 * Opens the networks of an audit.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there
 */
export async function openFaceReader(options: FaceReaderOptions): Promise<FaceReader> {
  const { device } = options;
  const wholeImages = options.embedder === APPEARANCE;
  // Who compares whole images has them classified whole too, where no face is found.
  const noFace = wholeImages ? 'whole' : options.noFace;
  // A whole image is one item, however many faces it holds.
  const look: LookOptions = { noFace, faces: wholeImages ? 'largest' : (options.faces ?? 'largest') };
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const network of opened.splice(0).reverse()) await network.close();
  };
  const keep = <T extends { close(): Promise<void> }>(network: T): T => {
    opened.push(network);
    return network;
  };
  try {
    if (options.asked !== undefined) keep(options.asked);
    const builtIn = options.classifier === BUILT_IN && options.asked === undefined;
    const needsFaces = !wholeImages || builtIn;
    const analyser = needsFaces ? keep(await openFaceAnalyser({ device })) : undefined;
    const networks = { device, ...(analyser === undefined ? {} : { analyser }) };
    const embedder = keep(await openEmbedder(options.embedder, networks));
    const common = {
      embedder: embedder.name,
      width: embedder.width,
      concurrency: embedder.concurrency,
      [Symbol.asyncDispose]: close,
    };
    if (builtIn && analyser !== undefined)
      return {
        ...common,
        classifier: { name: BUILT_IN, classes: BUILT_IN_CLASSES },
        read: builtInReader(analyser, embedder, look),
      };
    const classifier =
      options.asked ??
      (options.classifier === 'none' ? null : keep(await openClassifier(options.classifier, networks)));
    const classify: Classify = classifier === null ? async () => [] : classifyWith(classifier, look);
    return {
      ...common,
      classifier: classifier && { name: classifier.name, classes: classifier.attributes },
      read: async (image, { signal } = {}) => {
        const [embedded = null] = await embedder.embed([image], { ...look, signal });
        return embedded && readingOf(embedded, await classify(image, signal));
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
