import { z } from 'zod';
import type { SampleSheet } from '../../../ground/contracts/index.ts';

/** A line of a training run: steps that were done, or a sheet of samples that was made. */
export const trainItemSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('steps'),
    /** Number of the first of them, counted from 1. */
    first: z.number().int().positive(),
    /** What was recorded of each, by name. */
    values: z.record(z.string(), z.array(z.number())),
    /** All of them together. */
    seconds: z.number(),
  }),
  z.object({
    type: z.literal('sheet'),
    step: z.number().int().nonnegative(),
    file: z.string(),
    n: z.number().int(),
    columns: z.number().int(),
    classes: z.array(z.string()).nullable(),
    /** Seconds that sampling took. */
    seconds: z.number(),
  }),
]);
export type TrainItem = z.infer<typeof trainItemSchema>;

/** Points of the curve in a report, at most. */
const CURVE_POINTS = 400;

/** What a run has recorded so far. Steps that were done again after a resume count once, as they were done last. */
export class TrainingHistory {
  readonly #values = new Map<string, (number | undefined)[]>();
  readonly #seconds: number[] = [];
  readonly #sheets = new Map<number, SampleSheet & { readonly seconds: number }>();

  add(item: TrainItem): void {
    if (item.type === 'sheet') {
      const { type: _, ...sheet } = item;
      this.#sheets.set(item.step, sheet);
      return;
    }
    const count = Math.max(...Object.values(item.values).map(list => list.length));
    for (let i = 0; i < count; i++) this.#seconds[item.first - 1 + i] = item.seconds / count;
    for (const [name, list] of Object.entries(item.values)) {
      const known = this.#values.get(name) ?? [];
      for (const [i, value] of list.entries()) known[item.first - 1 + i] = value;
      this.#values.set(name, known);
    }
  }

  hasSheet(step: number): boolean {
    return this.#sheets.has(step);
  }

  get sheets(): readonly (SampleSheet & { readonly seconds: number })[] {
    return [...this.#sheets.values()].sort((a, b) => a.step - b.step);
  }

  /** Seconds of the steps that are recorded. */
  get seconds(): number {
    return this.#seconds.reduce((sum, value) => sum + (value ?? 0), 0);
  }

  /** Means over equal windows of the steps up to `steps`. */
  curve(steps: number): { steps: number[]; values: Record<string, (number | null)[]> } {
    const window = Math.max(1, Math.ceil(steps / CURVE_POINTS));
    const ends = Array.from({ length: Math.ceil(steps / window) }, (_, i) => Math.min((i + 1) * window, steps));
    const mean = (list: readonly (number | undefined)[], end: number): number | null => {
      const known = list.slice(Math.floor((end - 1) / window) * window, end).filter(value => value !== undefined);
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
    };
    return {
      steps: ends,
      values: Object.fromEntries([...this.#values].map(([name, list]) => [name, ends.map(end => mean(list, end))])),
    };
  }
}
