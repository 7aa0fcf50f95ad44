import { basename } from 'node:path';
import { type ModelCard, modelCardSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { type Pca, pca } from '../../ground/math/index.ts';
import { type ImageFile, listImages, mapImages, resizeImage, toTensor } from '../images/index.ts';
import { flatten, Graph, linear } from '../tensor/index.ts';
import type { ReadProgress } from './labelled-images.ts';
import { checkModelFile, writeModelFile } from './model-file.ts';

const DEFAULTS = { size: 16, width: 64 } as const;

/**
 * What a component is divided by is its standard deviation to this power: 0 is PCA, 1 whitens in full. Between the two neither the background's
 * gradients nor the noise of small components decides.
 */
const POWER = 0.5;
const READ_AT_A_TIME = 8;
const SAMPLES = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] } as const;

export interface WhiteningOptions {
  /** The ONNX file to write; its model card goes beside it. */
  readonly output: string;
  /** Side that images are resized to, 8 to 64. Default 16. */
  readonly size?: number | undefined;
  /** Numbers in an embedding, below the number of images. Default 64. */
  readonly width?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What fitting left behind. */
export interface FittedWhitening {
  readonly output: string;
  readonly card: string;
  readonly pictures: number;
  readonly size: number;
  readonly width: number;
  /** Share of the images' variance that the components hold. */
  readonly explained: number;
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export type WhiteningEvent = ReadProgress | ({ readonly type: 'result' } & FittedWhitening);

/** The projection as a model of any batch: `[n, 3, size, size]` → `[n, width]`. */
function buildModel({ mean, components, variances }: Pca, size: number): Uint8Array {
  const width = variances.length;
  const cols = mean.length;
  const weight = new Float32Array(width * cols);
  const bias = new Float32Array(width);
  for (let c = 0; c < width; c++) {
    const scale = variances[c]! > 0 ? variances[c]! ** (-POWER / 2) : 0;
    for (let j = 0; j < cols; j++) {
      weight[c * cols + j] = components[c * cols + j]! * scale;
      bias[c]! -= components[c * cols + j]! * scale * mean[j]!;
    }
  }
  const graph = new Graph();
  const input = graph.input('picture', ['n', 3, size, size]);
  graph.output(
    'embedding',
    linear(flatten(input), graph.constant(weight, [width, cols]), graph.constant(bias, [width])),
  );
  return graph.build();
}

function cardOf(output: string, { size, width }: { readonly size: number; readonly width: number }): ModelCard {
  return modelCardSchema.parse({
    name: basename(output, '.onnx'),
    kind: 'embedder',
    input: { name: 'picture', width: size, height: size, mean: [...SAMPLES.mean], deviation: [...SAMPLES.deviation] },
    alignment: 'none',
    output: { meaning: 'embedding', name: 'embedding', width },
  });
}

/**
 * Fits an embedder of whole images to a folder, and writes it as an ONNX model with its card: the images' principal components, each divided by the
 * square root of its standard deviation. The cosine of such embeddings tells a copy from a look-alike where a face network sees no face: images that agree in
 * what all of them share, the light of the background above all, do not count as alike for it (after Jégou and Chum, ECCV 2012).
 *
 * It finds copies that lie pixel on pixel, worn or blurred, not those that are mirrored or moved by more than a pixel of `size`.
 *
 * @throws BiolensError `usage` for an option out of range; `input` naming the folder or file; `interrupted`: then nothing is written
 */
export async function* fitWhitening(
  directory: string,
  { output, size = DEFAULTS.size, width = DEFAULTS.width, signal }: WhiteningOptions,
): AsyncGenerator<WhiteningEvent, FittedWhitening> {
  await checkModelFile(output);
  if (!(Number.isInteger(size) && size >= 8 && size <= 64))
    throw new BiolensError('usage', `"size" expected 8 to 64 pixels, got ${size}`);
  const files: ImageFile[] = [];
  for await (const file of listImages(directory, { signal })) files.push(file);
  const cols = 3 * size * size;
  const data = new Float32Array(files.length * cols);
  const skipped: { file: string; reason: string }[] = [];
  const options = { concurrency: READ_AT_A_TIME, ...(signal === undefined ? {} : { signal }) };
  let rows = 0;
  let done = 0;
  for await (const read of mapImages(files, options, image => resizeImage(image, { width: size, height: size }))) {
    if ('skipped' in read) skipped.push({ file: read.file, reason: read.skipped });
    else {
      const into = data.subarray(rows * cols, (rows + 1) * cols);
      toTensor([read.image], { width: size, height: size, ...SAMPLES, into });
      rows++;
    }
    done++;
    yield { type: 'read', done, total: files.length };
  }
  const most = Math.min(rows - 1, cols);
  if (!(Number.isInteger(width) && width >= 1 && width <= most))
    throw new BiolensError('usage', `"width" expected 1 to ${most} for ${rows} images of ${directory}, got ${width}`);
  const fitted = pca({ data: data.subarray(0, rows * cols), rows, cols }, { components: width });
  let total = 0;
  for (let i = 0; i < rows * cols; i++) total += (data[i]! - fitted.mean[i % cols]!) ** 2;
  const card = await writeModelFile(output, { model: buildModel(fitted, size), card: cardOf(output, { size, width }) });
  const result: FittedWhitening = {
    output,
    card,
    pictures: rows,
    size,
    width,
    explained: total > 0 ? (fitted.variances.reduce((sum, variance) => sum + variance, 0) * (rows - 1)) / total : 1,
    skipped,
  };
  yield { type: 'result', ...result };
  return result;
}
