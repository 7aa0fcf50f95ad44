import { EXPRESSIONS, type Face } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import type { Runtime, RuntimeOptions } from '../tensor/index.ts';
import { attributeBox, clipToImage, embeddingBox, placeLandmarks } from './alignment.ts';
import { type BuiltInNetworks, loadBuiltIn } from './built-in.ts';
import { type Detection, decodeDetections } from './detections.ts';
import type {
  AnalyseOptions,
  Embedded,
  FaceAnalyser,
  FaceFinding,
  LargestFaceOptions,
  LocatedFace,
} from './finding.ts';
import { borrowLanes, type Lanes, openLanes } from './lanes.ts';
import { CROP_SIDE } from './networks/dense-features.ts';
import { DETECTOR_SIDE } from './networks/detector.ts';
import { EMBEDDER_SIDE } from './networks/embedder.ts';
import type { PixelRect } from './resample.ts';
import { type Crop, type OutputRow, runSquares, wholeImage } from './run-squares.ts';
import type { NetworkName } from './weights.ts';

/** Lowest detector confidence of a face that is reported. */
export const DEFAULT_MIN_SCORE = 0.5;
/** One square of 512 pixels keeps all cores busy; more at a time only cost memory. */
const DETECTOR_BATCH = 1;
const CROP_BATCH = 16;
/**
 * An image in which nothing is found is looked at again at a half and at a fifth of the size: the detector overlooks faces that
 * fill the image or are blurred, as enlarged small images are. The authors' pipeline stops after the first look. Measured
 * on portraits: blurred by 3 pixels, 0 of 61 found → 61; 48 pixels high, 1 of 61 → 61; of the tightly cut ORL faces 4 % → 99 %; of 70
 * shirts without a face 14 were taken for one in the first look and 1 more later.
 */
const SPREADS = [1, 2, 5] as const;

export interface FaceAnalyserOptions extends RuntimeOptions {
  /** A runtime to share; by default one is opened with `device` and `threads`, and closed with the analyser. */
  readonly runtime?: Runtime;
  /** Lowest detector confidence of a face that is reported, above 0 and below 1. Default 0.5. */
  readonly minScore?: number;
}

/** A face on its way through the networks. */
interface Located extends LocatedFace {
  readonly image: number;
  /** The pixels its landmarks were found in. */
  readonly rect: PixelRect;
}

/** Groups what was found by the image it was found in. */
function byImage<T>(count: number, faces: readonly { readonly image: number }[], results: readonly T[]): T[][] {
  const groups: T[][] = Array.from({ length: count }, () => []);
  faces.forEach((face, i) => {
    groups[face.image]!.push(results[i]!);
  });
  return groups;
}

// A box beyond the border has no pixels; then the pixels that the landmarks came from are the next best.
function attributeCrop(image: Image, { landmarks, rect }: Located): Crop {
  return { image, rect: clipToImage(attributeBox(landmarks), image) ?? rect };
}

function embeddingCrop(image: Image, { landmarks, rect }: Located): Crop {
  return { image, rect: clipToImage(embeddingBox(landmarks, rect), image) ?? rect };
}

function readAgeAndGender(row: OutputRow): Pick<Face, 'age' | 'gender' | 'genderProbability'> {
  const male = row('gender')[0]!;
  return { age: row('age')[0]!, gender: male > 0.5 ? 'male' : 'female', genderProbability: Math.max(male, 1 - male) };
}

function readExpression(row: OutputRow): Pick<Face, 'expression' | 'expressionProbabilities'> {
  const [neutral = 0, happy = 0, sad = 0, angry = 0, fearful = 0, disgusted = 0, surprised = 0] = row('probabilities');
  const expressionProbabilities = { neutral, happy, sad, angry, fearful, disgusted, surprised };
  const expression = EXPRESSIONS.reduce((best, name) =>
    expressionProbabilities[name] > expressionProbabilities[best] ? name : best,
  );
  return { expression, expressionProbabilities };
}

interface CropNetworkOptions<T> extends AnalyseOptions {
  readonly network: Exclude<NetworkName, 'detector'>;
  readonly read: (row: OutputRow, index: number) => T;
}

class BuiltInAnalyser implements FaceAnalyser {
  readonly #networks: BuiltInNetworks;
  readonly #minScore: number;
  readonly #lanes: Lanes;

  constructor(networks: BuiltInNetworks, lanes: Lanes, minScore: number) {
    this.#networks = networks;
    this.#lanes = lanes;
    this.#minScore = minScore;
  }

  get concurrency(): number {
    // One in each lane and one waiting there, so that no lane waits for this thread.
    return this.#lanes.count * 2;
  }

  async detect(images: readonly Image[], options: AnalyseOptions = {}): Promise<Detection[][]> {
    const found: Detection[][] = images.map(() => []);
    for (const spread of SPREADS) {
      const open = found.flatMap((faces, i) => (faces.length === 0 ? [i] : []));
      const seen = await this.#look(
        open.map(i => images[i]!),
        spread,
        options,
      );
      open.forEach((i, k) => {
        found[i] = seen[k]!;
      });
    }
    return found;
  }

  async locate(images: readonly Image[], options: AnalyseOptions = {}): Promise<LocatedFace[][]> {
    const faces = await this.#locate(images, options);
    const results = faces.map(({ box, score, landmarks }) => ({ box, score, landmarks }));
    return byImage(images.length, faces, results);
  }

  async analyse(images: readonly Image[], options: AnalyseOptions = {}): Promise<FaceFinding[][]> {
    const faces = await this.#locate(images, options);
    const attributeCrops = faces.map(face => attributeCrop(images[face.image]!, face));
    const embeddingCrops = faces.map(face => embeddingCrop(images[face.image]!, face));
    const [ageAndGender, expressions, embeddings] = await Promise.all([
      this.#runCrops(attributeCrops, { ...options, network: 'ageGender', read: readAgeAndGender }),
      this.#runCrops(attributeCrops, { ...options, network: 'expression', read: readExpression }),
      this.#embed(embeddingCrops, options),
    ]);
    const results = faces.map(
      ({ box, score, landmarks }, i): FaceFinding => ({
        box,
        score,
        ...ageAndGender[i]!,
        ...expressions[i]!,
        landmarks,
        embedding: embeddings[i]!,
      }),
    );
    return byImage(images.length, faces, results);
  }

  async embed(images: readonly Image[], options: LargestFaceOptions = {}): Promise<(Embedded | null)[]> {
    const located = await this.#locate(images, options);
    const found = byImage(images.length, located, located);
    const crops = images.map((image, i) => {
      const wanted = options.faces === 'all' ? found[i]! : found[i]!.slice(0, 1);
      if (wanted.length > 0) return wanted.map(face => embeddingCrop(image, face));
      return options.noFace === 'whole' ? [wholeImage(image)] : [];
    });
    const embeddings = (await this.#embed(crops.flat(), options)).values();
    return crops.map((own, i) => {
      const [first, ...others] = own.map(
        (_, k): Embedded => ({ embedding: embeddings.next().value!, box: found[i]![k]?.box ?? null }),
      );
      if (first === undefined) return null;
      return { ...first, faces: found[i]!.length, ...(others.length === 0 ? {} : { others }) };
    });
  }

  async close(): Promise<void> {
    for (const session of Object.values(this.#networks.sessions)) await session.close();
    await this.#lanes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #locate(images: readonly Image[], options: AnalyseOptions): Promise<Located[]> {
    const detections = await this.detect(images, options);
    const found = detections.flatMap((faces, image) =>
      faces.flatMap(face => {
        const rect = clipToImage(face.box, images[image]!);
        return rect === undefined ? [] : [{ ...face, image, rect }];
      }),
    );
    const crops = found.map(({ image, rect }) => ({ image: images[image]!, rect }));
    const read = (row: OutputRow, i: number) => placeLandmarks(row('points'), found[i]!.rect, found[i]!.box);
    const landmarks = await this.#runCrops(crops, { ...options, network: 'landmarks', read });
    return found.map((face, i) => ({ ...face, landmarks: landmarks[i]! }));
  }

  #look(images: readonly Image[], spread: number, { signal }: AnalyseOptions): Promise<Detection[][]> {
    const { sessions, priors } = this.#networks;
    const minScore = this.#minScore;
    return runSquares(images.map(wholeImage), {
      session: sessions.detector,
      side: DETECTOR_SIDE,
      place: 'corner',
      spread,
      batch: DETECTOR_BATCH,
      concurrency: this.concurrency,
      read: (row, i) => decodeDetections(row('priors'), { priors, minScore, image: images[i]!, spread }),
      signal,
    });
  }

  #embed(crops: readonly Crop[], options: AnalyseOptions): Promise<Float32Array[]> {
    return this.#runCrops(crops, { ...options, network: 'embedder', read: row => row('embedding') });
  }

  #runCrops<T>(crops: readonly Crop[], { network, read, signal }: CropNetworkOptions<T>): Promise<T[]> {
    const side = network === 'embedder' ? EMBEDDER_SIDE : CROP_SIDE;
    const session = this.#networks.sessions[network];
    const concurrency = this.concurrency;
    return runSquares(crops, { session, side, place: 'centre', batch: CROP_BATCH, concurrency, read, signal });
  }
}

/**
 * Opens the built-in face networks: an SSD-MobileNet detector, 68 landmarks, age and gender, expression, and the 128-number
 * dlib recogniser, rebuilt as ONNX graphs from the weight files of `@vladmandic/face-api` and held to its outputs.
 *
 * @throws BiolensError `usage` for a `minScore` out of range; `external` if the weight files cannot be read.
 */
export async function openFaceAnalyser(options: FaceAnalyserOptions = {}): Promise<FaceAnalyser> {
  const { runtime: shared, minScore = DEFAULT_MIN_SCORE, ...runtimeOptions } = options;
  if (!(minScore > 0 && minScore < 1)) {
    throw new BiolensError('usage', `"minScore" expected a number above 0 and below 1, got ${minScore}`);
  }
  const lanes = shared === undefined ? await openLanes(runtimeOptions) : borrowLanes(shared);
  try {
    const networks = await loadBuiltIn(lanes);
    return new BuiltInAnalyser(networks, lanes, minScore);
  } catch (error) {
    await lanes.close();
    throw error;
  }
}
