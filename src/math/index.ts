export { inverseBetaLower, inverseBetaUpper, regularisedBeta } from './beta.ts';
export * from './bootstrap.ts';
export * from './distributions.ts';
export { inverseGammaLower, inverseGammaUpper, logGamma, regularisedGamma, type Tails } from './gamma.ts';
export * from './intervals.ts';
export * from './matrix.ts';
export * from './random.ts';
export * from './summaries.ts';
