import { type Estimate, noiseLevel } from './prediction.ts';
import { chooseTimes, type DpmSolverSettings, type NoiseSchedule } from './schedule.ts';
import type { SolverStep } from './solver-step.ts';

/** A step's place: the time that the network is asked at, and the noise σ / α there. */
interface Place {
  readonly time: number;
  readonly sigma: number;
}

/** ρ of Karras et al. 2022, eq. 5. */
const RHO = 7;
/** Length in λ of a step that leads nowhere. */
const SHORTEST_STEP = 1e-6;
/** Below so many steps the last ones are of lower order. */
const FEW_STEPS = 15;

/** The time at which the logarithm of the noise is as given, between the times of training; held within them. */
function timeOf(logSigma: number, logSigmas: Float64Array): number {
  let low = 0;
  while (low < logSigmas.length - 2 && logSigmas[low + 1]! <= logSigma) low++;
  const [a, b] = [logSigmas[low]!, logSigmas[low + 1]!];
  return low + Math.min(1, Math.max(0, (a - logSigma) / (a - b)));
}

/** Karras et al. 2022, eq. 5, between the noise of the last time and that of time 0. */
function karrasPlaces(noise: NoiseSchedule, sigmas: Float64Array, steps: number): Place[] {
  const logSigmas = sigmas.map(Math.log);
  const [least, most] = [sigmas[0]! ** (1 / RHO), sigmas.at(-1)! ** (1 / RHO)];
  return Array.from({ length: steps }, (_, i) => {
    const share = steps === 1 ? 0 : i / (steps - 1);
    const sigma = (most + share * (least - most)) ** RHO;
    const time = timeOf(Math.log(sigma), logSigmas);
    // diffusers rounds, but for the cosine schedule, whose times it cuts off.
    return { time: noise.schedule === 'cosine' ? Math.floor(time) : Math.round(time), sigma };
  });
}

const levelOf = (sigma: number) => noiseLevel(1 / (1 + sigma ** 2));
/** Half the logarithm of the signal-to-noise ratio, λ of Lu et al. 2022b. */
const lambdaOf = (sigma: number) => -Math.log(sigma);

/** Σ cᵢ·xᵢ. */
function sumOf(parts: readonly (readonly [number, Float32Array])[]): Float32Array {
  const out = new Float32Array(parts[0]![1].length);
  for (const [factor, values] of parts) for (let i = 0; i < out.length; i++) out[i]! += factor * values[i]!;
  return out;
}

/**
 * A step of DPM-Solver++ in the form of Lu et al. 2022b, §4 (data prediction, multistep): x' = (σ'/σ)·x − α'(e⁻ʰ − 1)·D₀ + …, D₁ and D₂ being
 * divided differences of the images predicted here and before.
 *
 * @param before the noise of the steps before, newest first, as many as the order takes
 */
function stepBetween(
  { time, sigma: from }: Place,
  to: number,
  { before, type }: { readonly before: readonly number[]; readonly type: DpmSolverSettings['type'] },
): SolverStep {
  const level = levelOf(from);
  const still = { time, level, noiseStdDev: 0, learnedStdDev: null };
  if (to === 0) return { ...still, advance: (_x, { x0 }) => x0.slice() };
  const there = levelOf(to);
  const h = lambdaOf(to) - lambdaOf(from);
  // Karras' levels end where `sigma_min` ends: a step of no length.
  if (Math.abs(h) < SHORTEST_STEP) return { ...still, advance: x => x.slice() };
  const ofSample = there.sigma / level.sigma;
  const decay = Math.expm1(-h);
  const d0 = -there.alpha * decay;
  // What D₁ is multiplied by: `midpoint` takes half of D₀'s factor, `heun` and the third order the exact integral.
  const exact = there.alpha * (decay / h + 1);
  const [first, second] = before;
  if (first === undefined)
    return {
      ...still,
      advance: (x, { x0 }) =>
        sumOf([
          [ofSample, x],
          [d0, x0],
        ]),
    };
  const r0 = (lambdaOf(from) - lambdaOf(first)) / h;
  if (second === undefined) {
    const slope = (type === 'midpoint' ? d0 / 2 : exact) / r0;
    return {
      ...still,
      advance: (x, { x0 }, [last]) =>
        sumOf([
          [ofSample, x],
          [d0 + slope, x0],
          [-slope, last!.x0],
        ]),
    };
  }
  const r1 = (lambdaOf(first) - lambdaOf(second)) / h;
  const d2 = -there.alpha * ((decay + h) / h ** 2 - 0.5);
  // D₁ = a + (a − b)·r₀/(r₀ + r₁), D₂ = (a − b)/(r₀ + r₁), with a and b the slopes of the last two intervals.
  const ofA = exact * (1 + r0 / (r0 + r1)) + d2 / (r0 + r1);
  const ofB = -(exact * r0 + d2) / (r0 + r1);
  return {
    ...still,
    advance: (x, { x0 }: Estimate, [last, older]) =>
      sumOf([
        [ofSample, x],
        [d0 + ofA / r0, x0],
        [ofB / r1 - ofA / r0, last!.x0],
        [-ofB / r1, older!.x0],
      ]),
  };
}

/**
 * The steps of DPM-Solver++ (Lu et al. 2022b) as diffusers' `DPMSolverMultistepScheduler` takes them.
 *
 * @param options.alphas ᾱ of each time of training
 * @throws {BiolensError} `usage` for a number of steps that does not fit.
 */
export function dpmSolverSteps(
  noise: NoiseSchedule,
  {
    alphas,
    steps,
    settings,
  }: { readonly alphas: Float64Array; readonly steps: number; readonly settings: DpmSolverSettings },
): SolverStep[] {
  const sigmas = alphas.map(alpha => Math.sqrt((1 - alpha) / alpha));
  const { smallestLambda, order, type } = settings;
  const last =
    smallestLambda === null ? sigmas.length : sigmas.filter(sigma => lambdaOf(sigma) >= smallestLambda).length;
  const times = chooseTimes(noise, { steps, ends: 'first', last });
  const places = settings.karras
    ? karrasPlaces(noise, sigmas, steps)
    : times.map(time => ({ time, sigma: sigmas[time]! }));
  const end = settings.finalSigma === 'zero' ? 0 : sigmas[0]!;
  const few = settings.lowerOrderFinal && places.length < FEW_STEPS;
  return places.map((place, i) => {
    const left = places.length - 1 - i;
    const lastIsFirstOrder = settings.eulerAtFinal || few || settings.finalSigma === 'zero';
    const limit = left === 0 && lastIsFirstOrder ? 1 : left === 1 && few ? 2 : order;
    const before = places.slice(Math.max(0, i - (Math.min(order, limit) - 1)), i).toReversed();
    return stepBetween(place, places[i + 1]?.sigma ?? end, { before: before.map(({ sigma }) => sigma), type });
  });
}
