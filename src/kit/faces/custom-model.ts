import type { Box } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { cropImage, type Image, resizeImage, toTensor } from '../images/index.ts';
import type { Session, TensorData } from '../tensor/index.ts';
import type { AnalyseOptions, FaceAnalyser, LargestFaceOptions, LocatedFace } from './finding.ts';
import type { Lanes } from './lanes.ts';
import type { CardedModel } from './model-card.ts';
import { warpToTemplate } from './warp.ts';

/** Most images that go through a model at a time, where the model leaves that open. */
const BATCH = 16;

/** A picture as a model is fed, and where in the image it was taken from; null for the whole image. */
interface Prepared {
  readonly picture: Image;
  readonly box: Box | null;
}

/** What a model gave for an image; `box` is the face that it looked at, null for the whole image. */
export interface Seen {
  readonly row: Float32Array;
  readonly box: Box | null;
}

/** Squares a box about its centre on the longer side, grown by `padding` of that. */
function squareBox({ x, y, width, height }: Box, padding: number): Box {
  const side = Math.max(width, height) * (1 + padding);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
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
   * Runs the model over the largest face of each image.
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
    const prepared = await Promise.all(images.map((image, i) => this.#prepare(image, faces?.[i]?.[0], options)));
    const present = prepared.filter(item => item !== null);
    const rows = await this.#run(
      present.map(item => item.picture),
      options,
    );
    const result = rows.values();
    return prepared.map(item => (item === null ? null : { row: result.next().value!, box: item.box }));
  }

  /** Runs a model of several outputs over one whole image. */
  async runWhole(image: Image, { signal }: AnalyseOptions): Promise<Record<string, TensorData>> {
    const { width, height } = this.model.card.input;
    return this.#session.run(this.#feed([await resizeImage(image, { width, height })], 1), { transfer: true, signal });
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #prepare(image: Image, face: LocatedFace | undefined, options: LargestFaceOptions): Promise<Prepared | null> {
    const { alignment, padding, input } = this.model.card;
    const size = { width: input.width, height: input.height };
    if (alignment === 'none' || face === undefined) {
      if (alignment !== 'none' && options.noFace !== 'whole') return null;
      return { picture: await resizeImage(image, size), box: null };
    }
    if (alignment === 'landmarks') return { picture: warpToTemplate(image, face.landmarks, size), box: face.box };
    return { picture: await resizeImage(cropImage(image, squareBox(face.box, padding)), size), box: face.box };
  }

  #feed(pictures: readonly Image[], n: number): Record<string, TensorData> {
    const { card, input } = this.model;
    const { width, height, layout, channels, mean, deviation } = card.input;
    const data = new Float32Array(n * 3 * width * height);
    toTensor(pictures, { width, height, layout, channels, mean, deviation, into: data });
    const shape = layout === 'nchw' ? [n, 3, height, width] : [n, height, width, 3];
    return { [input.name]: { dtype: 'float32', shape, data } };
  }

  async #run(pictures: readonly Image[], { signal }: AnalyseOptions): Promise<Float32Array[]> {
    const { input, outputs, path } = this.model;
    const name = outputs[0]!.name;
    // A model of a fixed batch is given full ones, the last padded with zeros.
    const fixed = typeof input.shape[0] === 'number' ? input.shape[0] : undefined;
    const batch = fixed ?? BATCH;
    const rows: Float32Array[] = [];
    const runBatch = async (start: number): Promise<void> => {
      throwIfAborted(signal);
      const members = pictures.slice(start, start + batch);
      const n = fixed ?? members.length;
      const output = (await this.#session.run(this.#feed(members, n), { transfer: true, signal }))[name];
      if (!(output?.data instanceof Float32Array) || output.data.length % n !== 0) {
        throw new BiolensError('input', `${path}: output "${name}" has no row for each image`);
      }
      const width = output.data.length / n;
      for (let i = 0; i < members.length; i++) rows[start + i] = output.data.slice(i * width, (i + 1) * width);
    };
    for (let start = 0; start < pictures.length; start += batch * this.#lanes.count) {
      const starts = Array.from({ length: this.#lanes.count }, (_, lane) => start + lane * batch);
      await Promise.all(starts.filter(at => at < pictures.length).map(runBatch));
    }
    return rows;
  }
}
