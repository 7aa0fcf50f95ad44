import type { JobPlan } from '../../../kit/job/index.ts';
import type { LoadedTask } from '../tasks/task.ts';
import type { Settled } from './configuration.ts';
import { invitedOf } from './settings.ts';

/** CPU seconds of 1,000 examples of local training in steps of ten, and of 1,000 answers of a test; measured in November 2026 on shared cores of an AMD EPYC. */
const SECONDS: Readonly<Record<Settled['model'], { readonly train: number; readonly test: number }>> = {
  '2nn': { train: 0.4, test: 0.01 },
  cnn: { train: 8, test: 0.7 },
  'lenet-5': { train: 0.9, test: 0.08 },
  'char-lstm': { train: 24, test: 0.1 },
  'char-lstm-small': { train: 3, test: 0.02 },
  'word-lstm': { train: 10, test: 0.1 },
};
/** Opening a trainer. */
const OPEN = 1.5;
/** Masks of a million entries for one neighbour, made and taken off. */
const MASK = 0.006;

/** About how long a simulation takes, and what it reads. */
export function planSimulation(
  settings: Settled,
  {
    task,
    workers,
    size,
    neighbours,
  }: {
    readonly task: LoadedTask;
    readonly workers: number;
    readonly size: number;
    readonly neighbours: number;
  },
): JobPlan {
  const { model, rounds, clients, epochs, data, algorithm } = settings;
  const { train, test } = SECONDS[model];
  const invited = invitedOf(settings);
  const { training, test: asked, noun } = task;
  const examples = (invited * training.count * epochs) / clients;
  const masks = (invited * neighbours * size * MASK) / 1e6;
  const round = (examples * train + asked.count * test) / 1000 / workers + masks;
  return {
    reads: [
      { what: 'training', path: data, amount: `${training.count} ${noun}` },
      { what: 'test', path: data, amount: `${asked.count} answers` },
    ],
    writes: [],
    seconds: OPEN + rounds * round,
    basis: 'as measured on shared cores of an AMD EPYC',
    // Each invited client's vector, and variates of all where there are such.
    memoryBytes: (invited + 8) * 4 * size + (algorithm === 'scaffold' ? clients * 4 * size : 0) + task.bytes,
  };
}
