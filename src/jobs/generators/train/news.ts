import type { JobNews } from '../../../kit/job/index.ts';
import type { ReadProgress } from './training-images.ts';
import type { TrainProgress } from './training-loop.ts';

/** What the training of a generator says between its beginning and its result. */
export type TrainStep = ReadProgress | TrainProgress;

/** Steps that a reported loss is averaged over. */
const RECENT_STEPS = 50;

/** What people call a loss: `loss`, `generator loss`. */
export const lossLabel = (name: string): string => (name === 'loss' ? name : `${name} loss`);

function describeMeans(recent: ReadonlyMap<string, readonly number[]>): string {
  const means = [...recent].map(([name, values]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${lossLabel(name)} ${mean.toPrecision(3)}`;
  });
  return means.length === 0 ? '' : `${means.join(', ')}; `;
}

/** Reports the progress of training, and with each sheet the mean of the losses since the last one. */
export function trainingNews(): { tell(event: TrainStep): JobNews } {
  const recent = new Map<string, readonly number[]>();
  return {
    tell: event => {
      if (event.type === 'reading') {
        const { done, total } = event;
        return { type: 'progress', stage: 'reading images', done, total };
      }
      if (event.type === 'sheet') {
        const text = `step ${event.step}: ${describeMeans(recent)}samples in ${event.path}`;
        recent.clear();
        return { type: 'note', text };
      }
      for (const [name, value] of Object.entries(event.values))
        recent.set(name, [...(recent.get(name) ?? []), value].slice(-RECENT_STEPS));
      return { type: 'progress', stage: 'training', done: event.done, total: event.total };
    },
  };
}
