import * as t from '../../../../kit/tensor/index.ts';
import { buildLocalStep, buildReader, MODELS, type ModelName, parametersOfModel, SIDE } from '../models.ts';
import type { TaskNetwork, TestData, TrainingData } from '../task.ts';
import type { Digits } from './idx.ts';

const PIXELS = SIDE * SIDE;

export function digitNetwork(name: ModelName): TaskNetwork {
  const model = MODELS[name];
  const parameters = parametersOfModel(model);
  return {
    parameters,
    learningRate: model.learningRate,
    step: (batch, optimiser) => buildLocalStep(model, { parameters, batch, optimiser }),
    reader: buildReader(model, parameters),
  };
}

export function digitTraining({ pixels, labels }: Digits): TrainingData {
  return {
    count: labels.length,
    fill: (order, { start, batch }) => {
      const x = new Float32Array(batch * PIXELS);
      const classes = new BigInt64Array(batch);
      const counts = new Float32Array(batch);
      const real = Math.min(batch, order.length - start);
      for (let row = 0; row < real; row++) {
        const place = order[start + row]!;
        for (let i = 0; i < PIXELS; i++) x[row * PIXELS + i] = pixels[place * PIXELS + i]! / 255;
        classes[row] = BigInt(labels[place]!);
        // The loss is a mean over the batch's rows; what is missing must not make it smaller.
        counts[row] = batch / real;
      }
      return {
        x: t.float32(x, [batch, 1, SIDE, SIDE]),
        labels: { dtype: 'int64', shape: [batch], data: classes },
        counts: t.float32(counts, [batch]),
      };
    },
  };
}

const TEST_ROWS = 500;

export function digitTest({ pixels, labels }: Digits): TestData {
  const rowsOf = (batch: number): number => Math.min(TEST_ROWS, labels.length - batch * TEST_ROWS);
  return {
    count: labels.length,
    batches: Math.ceil(labels.length / TEST_ROWS),
    inputs: batch => {
      const rows = rowsOf(batch);
      const x = new Float32Array(rows * PIXELS);
      for (let i = 0; i < x.length; i++) x[i] = pixels[batch * TEST_ROWS * PIXELS + i]! / 255;
      return { x: t.float32(x, [rows, 1, SIDE, SIDE]) };
    },
    tally: (batch, { label }) => {
      let right = 0;
      for (let i = 0; i < rowsOf(batch); i++) if (Number(label!.data[i]) === labels[batch * TEST_ROWS + i]) right++;
      return { right, amongThree: null };
    },
  };
}
