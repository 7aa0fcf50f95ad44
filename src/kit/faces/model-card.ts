import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { z } from 'zod';
import { type ModelCard, modelCardSchema } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { type DType, formatShape, type ModelInfo, readModelInfo, type TensorInfo } from '../tensor/index.ts';
import { openRegularFile, readExactly, readModelFile } from '../tensor/node.ts';

export type ModelKind = ModelCard['kind'];

/** A user's model: its card, its bytes, and the tensors that the card speaks of, checked against each other. */
export interface CardedModel {
  readonly path: string;
  readonly card: ModelCard;
  readonly bytes: Uint8Array;
  readonly input: TensorInfo;
  /** The one output of an embedder or classifier; boxes and scores of a detector. */
  readonly outputs: readonly TensorInfo[];
}

const MEANINGS: Readonly<Record<ModelKind, ModelCard['output']['meaning']>> = {
  embedder: 'embedding',
  classifier: 'logits',
  detector: 'boxes',
};

/** Types that images are fed as, and that outputs are read as. */
const INPUT_TYPES: readonly DType[] = ['float32', 'float16', 'uint8'];
const OUTPUT_TYPES: readonly DType[] = ['float32', 'float16'];

/** Where the card of a model lies: `model.onnx` → `model.json`. */
export function cardPathOf(modelPath: string): string {
  return `${modelPath.slice(0, modelPath.length - extname(modelPath).length)}.json`;
}

/** Longest card that is read. */
const MOST_CARD_BYTES = 1_000_000;

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );
}

function missing(path: string, what: string): BiolensError {
  return new BiolensError('input', `${path}: ${what} is missing`, { details: { file: path } });
}

async function readCardText(path: string, modelPath: string): Promise<string> {
  if (await isMissing(path)) throw missing(path, `the model card of ${basename(modelPath)}`);
  const { handle, size } = await openRegularFile(path);
  try {
    if (size > MOST_CARD_BYTES)
      throw new BiolensError('input', `${path}: ${size} bytes are too long for a model card`, {
        details: { file: path },
      });
    return new TextDecoder().decode(await readExactly(handle, 0, size));
  } finally {
    await handle.close();
  }
}

/** The first thing that is wrong with a card, by the name of the field. */
function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `unknown field "${[at, issue.keys[0]].filter(Boolean).join('.')}"`;
  return `"${at || 'card'}": ${issue.message}`;
}

/**
 * Reads the card beside a model by a schema.
 *
 * @throws {BiolensError} `input` naming the card and the field
 */
export async function readCard<C>(modelPath: string, schema: z.ZodType<C>): Promise<C> {
  const path = cardPathOf(modelPath);
  const refuse = (text: string, cause: unknown) =>
    new BiolensError('input', `${path}: ${text}`, { details: { file: path }, cause });
  const text = await readCardText(path, modelPath);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`not JSON (${messageOf(error)})`, error);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw refuse(describeIssue(parsed.error), parsed.error);
  return parsed.data;
}

/** Compares a card with the model it describes and words what differs. */
class CardCheck {
  readonly #card: ModelCard;
  readonly #cardPath: string;
  readonly #model: string;
  readonly #info: ModelInfo;

  constructor(card: ModelCard, cardPath: string, modelPath: string, info: ModelInfo) {
    this.#card = card;
    this.#cardPath = cardPath;
    this.#model = basename(modelPath);
    this.#info = info;
  }

  #refuse(text: string): BiolensError {
    return new BiolensError('input', `${this.#cardPath}: ${text}`, { details: { file: this.#cardPath } });
  }

  #shapeOf(kind: 'input' | 'output', { name, shape }: TensorInfo): string {
    return `${this.#model} ${kind} "${name}" is ${formatShape(shape)}`;
  }

  /** The tensor that a card names, or the only one where it names none. */
  #find(kind: 'input' | 'output', field: string, name: string | undefined): TensorInfo {
    const tensors = kind === 'input' ? this.#info.inputs : this.#info.outputs;
    const names = tensors.map(tensor => `"${tensor.name}"`).join(', ');
    const found = name === undefined ? tensors[0] : tensors.find(tensor => tensor.name === name);
    if (found === undefined)
      throw this.#refuse(`${field} expected one of ${names} (${kind}s of ${this.#model}), got "${name}"`);
    if (name === undefined && tensors.length > 1) {
      throw this.#refuse(`${field} is missing, and ${this.#model} has several ${kind}s: ${names}`);
    }
    const types = kind === 'input' ? INPUT_TYPES : OUTPUT_TYPES;
    if (found.dtype === null || !types.includes(found.dtype)) {
      throw this.#refuse(
        `${field}: ${this.#model} ${kind} "${found.name}" is ${found.dtype ?? 'of an unknown type'}, expected ${types.join(' or ')}`,
      );
    }
    return found;
  }

  /** Fields of the card that go together. */
  preparation(): void {
    const { input, alignment, kind } = this.#card;
    const { resize, length, crop, width, height } = input;
    if (resize === 'stretch') {
      const field = length !== undefined ? 'length' : crop !== undefined ? 'crop' : null;
      if (field !== null) throw this.#refuse(`input.${field} expected input.resize shorter-side, got stretch`);
    } else {
      const atLeast = Math.max(width, height);
      if (length === undefined || length < atLeast)
        throw this.#refuse(
          `input.length expected ${atLeast} or more (input.resize is shorter-side), got ${length ?? 'none'}`,
        );
      if (crop === undefined) throw this.#refuse('input.crop expected centre or five (input.resize is shorter-side)');
    }
    if (crop === 'five' && kind !== 'embedder')
      throw this.#refuse(`input.crop expected centre of kind ${kind}, got five`);
    const fixed = kind === 'detector' ? 'kind detector' : alignment === 'landmarks' ? 'alignment landmarks' : null;
    if (fixed !== null && (resize !== 'stretch' || input.kernel !== undefined))
      throw this.#refuse(`input.${resize === 'stretch' ? 'kernel' : 'resize'} expected none with ${fixed}`);
  }

  input(): TensorInfo {
    const { name, width, height, layout } = this.#card.input;
    const input = this.#find('input', 'input.name', name);
    if (this.#info.inputs.length > 1) {
      throw this.#refuse(`${this.#model} takes ${this.#info.inputs.length} inputs, expected one`);
    }
    const { mean, deviation } = this.#card.input;
    if (input.dtype === 'uint8' && (mean.some(value => value !== 0) || deviation.some(value => value !== 1)))
      throw this.#refuse(
        `input.mean expected 0 and input.deviation 1 (${this.#model} input "${input.name}" takes pixels of 0…255 as uint8)`,
      );
    const { shape } = input;
    if (shape.length !== 4) throw this.#refuse(`${this.#shapeOf('input', input)}, expected four axes`);
    const axes = layout === 'nchw' ? { channels: 1, height: 2, width: 3 } : { channels: 3, height: 1, width: 2 };
    const differs = (axis: number, size: number) => typeof shape[axis] === 'number' && shape[axis] !== size;
    if (differs(axes.channels, 3)) {
      const other = layout === 'nchw' ? 'nhwc' : 'nchw';
      const swapped = shape[layout === 'nchw' ? 3 : 1] === 3;
      throw this.#refuse(
        swapped
          ? `input.layout expected ${other} (${this.#shapeOf('input', input)}), got ${layout}`
          : `${this.#shapeOf('input', input)}, expected three channels`,
      );
    }
    for (const [field, size] of [
      ['width', width],
      ['height', height],
    ] as const) {
      if (differs(axes[field], size)) {
        throw this.#refuse(
          `input.${field} expected ${shape[axes[field]]} (${this.#shapeOf('input', input)}), got ${size}`,
        );
      }
    }
    return input;
  }

  outputs(): readonly TensorInfo[] {
    const { output } = this.#card;
    if (output.meaning === 'boxes') {
      const boxes = this.#find('output', 'output.boxes', output.boxes);
      const last = boxes.shape.at(-1);
      if (typeof last === 'number' && last !== 4) {
        throw this.#refuse(`output.boxes: ${this.#shapeOf('output', boxes)}, expected 4 numbers a box`);
      }
      return [boxes, this.#find('output', 'output.scores', output.scores)];
    }
    const found = this.#find('output', 'output.name', output.name);
    const rest = found.shape.slice(1);
    if (output.meaning === 'embedding' && output.select !== 'whole') {
      const last = found.shape.at(-1);
      if (found.shape.length !== 3)
        throw this.#refuse(`output.select expected whole (${this.#shapeOf('output', found)}), got ${output.select}`);
      if (typeof last === 'number' && last !== output.width)
        throw this.#refuse(`output.width expected ${last} (${this.#shapeOf('output', found)}), got ${output.width}`);
      return [found];
    }
    if (found.shape.length > 1 && rest.every(size => typeof size === 'number')) {
      const width = rest.reduce((product, size) => product * size, 1);
      const logits = output.meaning === 'logits' ? Object.values(output.attributes).flat().length : 0;
      if (output.meaning === 'embedding' && width !== output.width) {
        throw this.#refuse(`output.width expected ${width} (${this.#shapeOf('output', found)}), got ${output.width}`);
      }
      if (output.meaning === 'logits' && width !== logits) {
        throw this.#refuse(
          `output.attributes expected ${width} classes in all (${this.#shapeOf('output', found)}), got ${logits}`,
        );
      }
    }
    return [found];
  }
}

/**
 * Reads an ONNX model and the card beside it (`model.onnx` → `model.json`), and checks one against the other.
 *
 * @throws BiolensError `input`, in one line that names the file and the field: a missing file, a card that is not JSON, an
 *   unknown or wrong field, a card of another kind, names, sizes or types that the model does not have.
 */
export async function readModelCard(modelPath: string, kind: ModelKind): Promise<CardedModel> {
  if (await isMissing(modelPath)) throw missing(modelPath, 'the model');
  const cardPath = cardPathOf(modelPath);
  const card = await readCard(modelPath, modelCardSchema);
  const bytes = await readModelFile(modelPath, { sha256: card.sha256 });
  const info = readModelInfo(bytes, { file: modelPath });
  if (card.kind !== kind) {
    throw new BiolensError('input', `${cardPath}: kind expected ${kind}, got ${card.kind}`, {
      details: { file: cardPath },
    });
  }
  if (card.output.meaning !== MEANINGS[kind]) {
    const text = `output.meaning expected ${MEANINGS[kind]} of kind ${kind}, got ${card.output.meaning}`;
    throw new BiolensError('input', `${cardPath}: ${text}`, { details: { file: cardPath } });
  }
  const check = new CardCheck(card, cardPath, modelPath, info);
  check.preparation();
  return { path: modelPath, card, bytes, input: check.input(), outputs: check.outputs() };
}
