export { inverseBetaLower, inverseBetaUpper, regularisedBeta } from './beta.ts';
export * from './bootstrap.ts';
export * from './contingency.ts';
export * from './distributions.ts';
export * from './fft.ts';
export { inverseGammaLower, inverseGammaUpper, logGamma, regularisedGamma, type Tails } from './gamma.ts';
export { centreRows, columnMeans, rowProducts } from './gram.ts';
export * from './intervals.ts';
export * from './k-means.ts';
export * from './linear-algebra.ts';
export * from './matrix.ts';
export * from './multiple-tests.ts';
export * from './pca.ts';
export {
  type Alternative,
  DEFAULT_PERMUTATIONS,
  type PermutationTest,
  type PermutationTestOptions,
  permutationTest,
} from './permutation-test.ts';
export * from './random.ts';
export * from './rank-test.ts';
export { fastErfc, logErfc, logNormalCdf } from './scaled-erfc.ts';
export * from './sign-test.ts';
export * from './summaries.ts';
export * from './symmetric-eigen.ts';
