import type { Box } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { cropImage, type Image, resizeImage, toTensor } from '../images/index.ts';
import {
  type DType,
  elementsToFloat32,
  float32,
  float32ToHalves,
  type Session,
  type TensorData,
} from '../tensor/index.ts';
import type { AnalyseOptions, FaceAnalyser, LargestFaceOptions, LocatedFace } from './finding.ts';
import type { Lanes } from './lanes.ts';
import type { CardedModel } from './model-card.ts';
import { atUnitLength, averageRows, selectTokens } from './pool-rows.ts';
import { cropsOf } from './prepare-crops.ts';
import { warpToTemplate } from './warp.ts';

/** Most images that go through a model at a time, where the model leaves that open. */
const BATCH = 16;

/** An image as a model is fed, and where in the image it was taken from; null for the whole image. */
interface Prepared {
  /** One, or several crops whose rows are averaged. */
  readonly shown: readonly Image[];
  readonly box: Box | null;
}

/** A model's output for an image; `box` is the face that it was given, null for the whole image. */
export interface Seen {
  readonly row: Float32Array;
  readonly box: Box | null;
  /** Faces that were found in the image; absent where none were looked for. */
  readonly faces?: number;
  /** The image's other faces, where they were asked for and there are some. */
  readonly others?: readonly Seen[];
}

/** Squares a box about its centre on the longer side, grown by `padding` of that. */
function squareBox({ x, y, width, height }: Box, padding: number): Box {
  const side = Math.max(width, height) * (1 + padding);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}

/** Images as the type that a model takes. */
function asInput(
  dtype: DType | null,
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
): TensorData {
  if (dtype === 'float16') return { dtype, shape, data: float32ToHalves(data) };
  // A card of such a model leaves pixels as they are; resized ones are rounded.
  if (dtype === 'uint8') return { dtype, shape, data: Uint8Array.from(data, value => Math.round(value)) };
  return { dtype: 'float32', shape, data };
}

/** An output with numbers of half precision widened. */
function asFloat32(output: TensorData): TensorData {
  if (output.dtype !== 'float16') return output;
  const { shape, data } = output;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return float32(elementsToFloat32(bytes, { type: 'f2', littleEndian: true, bytesPerElement: 2 }), shape);
}

/** A user's ONNX model of one input, fed as its card says. */
export class CustomModel {
  readonly model: CardedModel;
  readonly #session: Session;
  readonly #lanes: Lanes;

  constructor(model: CardedModel, session: Session, lanes: Lanes) {
    this.model = model;
    this.#session = session;
    this.#lanes = lanes;
  }

  /** Whether faces have to be found before the model can look at them. */
  get needsFaces(): boolean {
    return this.model.card.alignment !== 'none';
  }

  /**
   * Runs the model over the largest face of each image, or over all of them.
   *
   * @param analyser finds the faces; needed where {@link needsFaces} holds.
   * @returns the model's output for each image; null where there is no face.
   */
  async see(
    images: readonly Image[],
    analyser: FaceAnalyser | undefined,
    options: LargestFaceOptions,
  ): Promise<(Seen | null)[]> {
    const faces = this.needsFaces ? await analyser?.locate(images, options) : undefined;
    const prepared = await Promise.all(
      images.map(async (image, i) => {
        const [first, ...rest] = faces?.[i] ?? [];
        const wanted = options.faces === 'all' ? [first, ...rest] : [first];
        const items = await Promise.all(wanted.map(face => this.#prepare(image, face, options)));
        return items.filter(item => item !== null);
      }),
    );
    const rows = await this.#run(
      prepared.flat().flatMap(item => item.shown),
      options,
    );
    const result = rows.values();
    return prepared.map((items, i) => {
      const [first, ...others] = items.map(
        ({ shown, box }): Seen => ({ row: this.#readRows(shown.map(() => result.next().value!)), box }),
      );
      if (first === undefined) return null;
      return {
        ...first,
        ...(faces === undefined ? {} : { faces: faces[i]?.length ?? 0 }),
        ...(others.length === 0 ? {} : { others }),
      };
    });
  }

  /** Runs a model of several outputs over one whole image. */
  async runWhole(image: Image, { signal }: AnalyseOptions): Promise<Record<string, TensorData>> {
    const { width, height } = this.model.card.input;
    const feeds = this.#feed([await resizeImage(image, { width, height })], 1);
    const outputs = await this.#session.run(feeds, { transfer: true, signal });
    return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, asFloat32(output)]));
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #prepare(image: Image, face: LocatedFace | undefined, options: LargestFaceOptions): Promise<Prepared | null> {
    const { alignment, padding, input } = this.model.card;
    const size = { width: input.width, height: input.height };
    if (alignment === 'none' || face === undefined) {
      if (alignment !== 'none' && options.noFace !== 'whole') return null;
      return { shown: await cropsOf(image, input), box: null };
    }
    if (alignment === 'landmarks') return { shown: [warpToTemplate(image, face.landmarks, size)], box: face.box };
    return { shown: await cropsOf(cropImage(image, squareBox(face.box, padding)), input), box: face.box };
  }

  /** One row of what the model gives for the crops of an image. */
  #readRows(rows: readonly Float32Array[]): Float32Array {
    const { output } = this.model.card;
    if (output.meaning !== 'embedding') return rows[0]!;
    const row = averageRows(rows.map(one => selectTokens(one, output)));
    return output.normalise === 'l2' ? atUnitLength(row) : row;
  }

  #feed(images: readonly Image[], n: number): Record<string, TensorData> {
    const { card, input } = this.model;
    const { width, height, layout, channels, mean, deviation } = card.input;
    const data = new Float32Array(n * 3 * width * height);
    toTensor(images, { width, height, layout, channels, mean, deviation, into: data });
    const shape = layout === 'nchw' ? [n, 3, height, width] : [n, height, width, 3];
    return { [input.name]: asInput(input.dtype, { shape, data }) };
  }

  async #run(images: readonly Image[], { signal }: AnalyseOptions): Promise<Float32Array[]> {
    const { input, outputs, path } = this.model;
    const name = outputs[0]!.name;
    // A model of a fixed batch is given full ones, the last padded with zeros.
    const fixed = typeof input.shape[0] === 'number' ? input.shape[0] : undefined;
    const batch = fixed ?? BATCH;
    const rows: Float32Array[] = [];
    const runBatch = async (start: number): Promise<void> => {
      throwIfAborted(signal);
      const members = images.slice(start, start + batch);
      const n = fixed ?? members.length;
      const found = (await this.#session.run(this.#feed(members, n), { transfer: true, signal }))[name];
      const output = found === undefined ? undefined : asFloat32(found);
      if (!(output?.data instanceof Float32Array) || output.data.length % n !== 0) {
        throw new BiolensError('input', `${path}: output "${name}" has no row for each image`);
      }
      const width = output.data.length / n;
      for (let i = 0; i < members.length; i++) rows[start + i] = output.data.slice(i * width, (i + 1) * width);
    };
    for (let start = 0; start < images.length; start += batch * this.#lanes.count) {
      const starts = Array.from({ length: this.#lanes.count }, (_, lane) => start + lane * batch);
      await Promise.all(starts.filter(at => at < images.length).map(runBatch));
    }
    return rows;
  }
}
