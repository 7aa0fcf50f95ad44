import { ACTIVATION_RULES } from './activations.ts';
import { CONVOLUTION_RULES } from './convolution.ts';
import { ELEMENTWISE_RULES } from './elementwise.ts';
import { LINEAR_RULES } from './linear.ts';
import { NORMALISATION_RULES } from './normalisation.ts';
import { POOLING_RULES } from './pooling.ts';
import { RECURRENT_RULES } from './recurrent.ts';
import { REDUCTION_RULES } from './reduction.ts';
import { RESIZE_RULES } from './resize.ts';
import type { RuleTable } from './rule.ts';
import { STRUCTURE_RULES } from './structure.ts';

/** The gradient rule of every operation that has one. */
export const RULES: RuleTable = {
  ...ELEMENTWISE_RULES,
  ...ACTIVATION_RULES,
  ...LINEAR_RULES,
  ...REDUCTION_RULES,
  ...STRUCTURE_RULES,
  ...NORMALISATION_RULES,
  ...POOLING_RULES,
  ...RESIZE_RULES,
  ...CONVOLUTION_RULES,
  ...RECURRENT_RULES,
};
