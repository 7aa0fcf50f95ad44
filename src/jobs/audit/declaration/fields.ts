import { z } from 'zod';
import { field } from '../../../kit/job/index.ts';
import { REPLICATION_DEFAULTS } from './replication-defaults.ts';

/** A rate between 0 and 1. */
export const rateSchema = z.number().gt(0).lt(1);

/** How many of the calls may be false. */
export const falseDiscoveryRateField = () =>
  field(rateSchema.default(REPLICATION_DEFAULTS.falseDiscoveryRate), {
    flag: '--fdr <rate>',
    help: 'share of false ones expected among the called copies',
  });

/** How often real items are relabelled. @param items what they are called */
export const permutationsField = (items: string) =>
  field(z.number().int().min(19).max(1_000_000).default(REPLICATION_DEFAULTS.permutations), {
    flag: '--permutations <n>',
    help: `relabellings of training against held-out ${items} in the permutation test`,
  });
