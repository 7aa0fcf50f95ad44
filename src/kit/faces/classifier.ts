import { type Box, EXPRESSIONS } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import type { Seen } from './custom-model.ts';
import type { FaceFinding, LargestFaceOptions } from './finding.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';

/** What a classifier says of the largest face of an image. */
export interface Classified {
  /** Attribute → the probability of each of its classes, in their order; sums to 1. */
  readonly probabilities: Readonly<Record<string, readonly number[]>>;
  /** The face that was looked at, in pixels; null where the whole image was. */
  readonly box: Box | null;
  /** The image's other faces, where they were asked for and there are some. */
  readonly others?: readonly Classified[];
}

/** Sorts the largest face of an image into the classes of one or more attributes. */
export interface Classifier extends AsyncDisposable {
  readonly name: string;
  /** Attribute → its class names. */
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Images under way at a time that keep it busy, for callers that give one at a time. */
  readonly concurrency: number;
  /** @returns probabilities for each image; null where there is no face. */
  classify(images: readonly Image[], options?: LargestFaceOptions): Promise<(Classified | null)[]>;
  close(): Promise<void>;
}

const BUILT_IN_ATTRIBUTES = { gender: ['male', 'female'], expression: EXPRESSIONS } as const;

function classifyFinding({ box, gender, genderProbability, expressionProbabilities }: FaceFinding): Classified {
  const male = gender === 'male' ? genderProbability : 1 - genderProbability;
  const expression = EXPRESSIONS.map(name => expressionProbabilities[name]);
  return { probabilities: { gender: [male, 1 - male], expression }, box };
}

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, logit => Math.exp(logit - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map(value => value / sum);
}

/** Cuts the logits of several attributes, one after another, into probabilities. */
function splitLogits(logits: Float32Array, attributes: Classifier['attributes']): Record<string, number[]> {
  let start = 0;
  const entries = Object.entries(attributes).map(([name, classes]): [string, number[]] => {
    const end = start + classes.length;
    const probabilities = softmax(logits.subarray(start, end));
    start = end;
    return [name, probabilities];
  });
  return Object.fromEntries(entries);
}

/**
 * Opens a classifier: `built-in` (gender and expression), or the path of an ONNX model with a card of kind `classifier`.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there.
 */
export async function openClassifier(spec: string, options: OpenModelOptions = {}): Promise<Classifier> {
  const { name, concurrency, custom, analyser, close } = await openModel(spec, 'classifier', options);
  const common = { name, concurrency, close, [Symbol.asyncDispose]: close };
  if (custom === undefined) {
    return {
      ...common,
      attributes: BUILT_IN_ATTRIBUTES,
      async classify(images, runOptions) {
        const found = await analyser.analyse(images, runOptions);
        return found.map(([largest, ...others]) => {
          if (largest === undefined) return null;
          const all = runOptions?.faces === 'all' && others.length > 0;
          return { ...classifyFinding(largest), ...(all ? { others: others.map(classifyFinding) } : {}) };
        });
      },
    };
  }
  const { path, card } = custom.model;
  const attributes = card.output.meaning === 'logits' ? card.output.attributes : {};
  const width = Object.values(attributes).flat().length;
  return {
    ...common,
    attributes,
    async classify(images, runOptions = {}) {
      const seen = await custom.see(images, analyser, runOptions);
      const classifiedOf = ({ row, box, others }: Seen): Classified => {
        if (row.length !== width) {
          throw new BiolensError('input', `${path}: expected ${width} logits, got ${row.length}`);
        }
        const probabilities = splitLogits(row, attributes);
        return { probabilities, box, ...(others === undefined ? {} : { others: others.map(classifiedOf) }) };
      };
      return seen.map(item => item && classifiedOf(item));
    },
  };
}
