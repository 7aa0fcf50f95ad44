import { BiolensError } from '../../../ground/errors.ts';

/** A number for each step; steps count from 1. */
export type Schedule = (step: number) => number;

function checkSteps(name: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new BiolensError('usage', `"${name}" expected a whole number from 1, got ${steps}`);
}

/** The same number always. */
export function constantSchedule(value: number): Schedule {
  return () => value;
}

/** Rises in a straight line from 0 to what `base` starts with, reached at step `steps`; `base` counts its steps from there. */
export function warmUpSchedule({ steps, base }: { readonly steps: number; readonly base: Schedule }): Schedule {
  checkSteps('steps', steps);
  return step => (step < steps ? (base(1) * step) / steps : base(step - steps + 1));
}

/** Falls along half a cosine from `initial` at step 1 to `final` at step `steps`, and stays (Loshchilov and Hutter 2017, eq. 5). */
export function cosineSchedule({
  initial,
  final = 0,
  steps,
}: {
  readonly initial: number;
  readonly final?: number;
  readonly steps: number;
}): Schedule {
  checkSteps('steps', steps);
  return step => {
    const gone = steps === 1 ? 1 : Math.min((step - 1) / (steps - 1), 1);
    return final + ((initial - final) * (1 + Math.cos(Math.PI * gone))) / 2;
  };
}
