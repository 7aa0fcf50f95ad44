import { BiolensError } from '../../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../../ground/math/index.ts';
import type { LoadedTask } from '../task.ts';
import { TEXT_MODEL_SHAPES, type TextModelName, textNetwork } from './models.ts';
import { readRoles, splitRole } from './roles.ts';
import { cutTexts, textTest, textTraining } from './sequences.ts';
import { CHARACTERS, frequentWords, wordVocabulary } from './vocabulary.ts';

export interface TextTaskOptions {
  readonly model: TextModelName;
  /** Characters or words are said next. */
  readonly unit: 'characters' | 'words';
  /** `roles`: a client is a role; `iid`: the sequences of so many roles shuffled and dealt out. */
  readonly partition: 'roles' | 'iid';
  readonly clients: number;
  readonly key: RandomKey;
  /** Words that are known; the most frequent ones of the training texts by default. */
  readonly words?: readonly string[] | undefined;
  readonly file: string;
}

/** Positions 0 … n − 1, as many as each text has. */
function consecutive(counts: readonly number[]): Int32Array[] {
  let start = 0;
  return counts.map(count => {
    const first = start;
    start += count;
    return Int32Array.from({ length: count }, (_, i) => first + i);
  });
}

function dealt(count: number, { clients, key }: { readonly clients: number; readonly key: RandomKey }): Int32Array[] {
  const order = openStream(foldIn(key, 'partition')).shuffle(Int32Array.from({ length: count }, (_, i) => i));
  return Array.from({ length: clients }, (_, i) =>
    order.subarray(Math.floor((i * count) / clients), Math.floor(((i + 1) * count) / clients)),
  );
}

/**
 * A play as a federation: the roles that say most are the clients, each with the first four fifths of its lines; the last fifth of all of them is
 * the test.
 *
 * @throws {BiolensError} `input` for fewer roles than clients
 */
export function textTask(text: string, options: TextTaskOptions): Omit<LoadedTask, 'files'> {
  const { model, unit, partition, clients, key, words, file } = options;
  const all = readRoles(text);
  if (all.length < clients)
    throw new BiolensError(
      'input',
      `${file}: ${all.length} roles, expected ${clients} or more; a role is "NAME:" on a line of its own after an empty one`,
    );
  const parts = all.slice(0, clients).map(splitRole);
  const trainingTexts = parts.map(({ training }) => training);
  const known = unit === 'characters' ? null : (words ?? frequentWords(trainingTexts));
  const vocabulary = known === null ? CHARACTERS : wordVocabulary(known);
  const { steps } = TEXT_MODEL_SHAPES[model];
  const cut = { vocabulary, steps };
  const training = cutTexts(trainingTexts, cut);
  const test = textTest(
    cutTexts(
      parts.map(part => part.test),
      cut,
    ),
    vocabulary,
  );
  if (test.count === 0) throw new BiolensError('input', `${file}: its roles say too little for a test`);
  const shares = partition === 'roles' ? consecutive(training.of) : dealt(training.count, { clients, key });
  const empty = shares.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new BiolensError('input', `${file}: nothing is left to train on for client ${empty}`);
  return {
    network: textNetwork(model, vocabulary.size),
    training: textTraining(training),
    test,
    shares,
    words: known,
    bytes: 8 * steps * training.count,
    noun: `sequences of ${steps} ${unit}`,
  };
}
