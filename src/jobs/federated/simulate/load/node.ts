import { basename } from 'node:path';
import { BiolensError } from '../../../../ground/errors.ts';
import { randomKey } from '../../../../ground/math/index.ts';
import { type ParameterSet, readSafetensors } from '../../../../kit/tensor/index.ts';
import { digitNetwork, digitTest, digitTraining } from '../../tasks/mnist/digit-task.ts';
import { readMnist } from '../../tasks/mnist/node.ts';
import type { ModelName } from '../../tasks/models.ts';
import { partition } from '../../tasks/partition.ts';
import type { LoadedTask } from '../../tasks/task.ts';
import type { TextModelName } from '../../tasks/text/models.ts';
import { findText, readTextFile } from '../../tasks/text/node.ts';
import { textTask } from '../../tasks/text/task.ts';
import { readWordList } from '../../tasks/text/vocabulary.ts';
import type { Settled } from '../configuration.ts';
import { readBytes } from '../files/node.ts';

/**
 * Reads the data of a simulation and divides them among its clients.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong
 */
export async function loadTask(settings: Settled): Promise<LoadedTask> {
  const { task, data, model, clients, seed } = settings;
  const key = randomKey(seed);
  if (task === 'mnist') {
    const mnist = await readMnist(data);
    const kind = settings.partition === 'shards' ? 'shards' : 'iid';
    return {
      network: digitNetwork(model as ModelName),
      training: digitTraining(mnist.training),
      test: digitTest(mnist.test),
      shares: partition(mnist.training.labels, { kind, clients, key }),
      files: mnist.files,
      words: null,
      noun: 'images',
      bytes: mnist.training.pixels.length + mnist.test.pixels.length,
    };
  }
  const file = await findText(data);
  const { vocabulary: list } = settings;
  const words = list === undefined ? undefined : readWordList(await readTextFile(list), list);
  const loaded = textTask(await readTextFile(file), {
    model: model as TextModelName,
    unit: task,
    partition: settings.partition === 'iid' ? 'iid' : 'roles',
    clients,
    key,
    words,
    file,
  });
  return { ...loaded, files: list === undefined ? [file] : [file, list] };
}

/**
 * The weights that a run begins with: those of a model file.
 *
 * @throws {BiolensError} `input` naming the file and the tensor that does not fit
 */
export async function readStart(file: string, parameters: ParameterSet): Promise<Float32Array> {
  const { tensors } = readSafetensors(await readBytes(file), { file: basename(file) });
  const weights = parameters.fromTensors(tensors, { file });
  if (!weights.every(Number.isFinite)) throw new BiolensError('input', `${file}: a weight is no finite number`);
  return weights;
}
