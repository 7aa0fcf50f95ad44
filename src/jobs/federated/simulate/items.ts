import { z } from 'zod';
import { federatedRoundSchema } from '../../../ground/contracts/index.ts';

/** One line of a simulation's `items.jsonl`. */
export const simulationItemSchema = z.discriminatedUnion('type', [
  /** The data as they were when the run began: a resumed run must find the same. */
  z.object({ type: z.literal('data'), digest: z.string() }),
  /** A round is over, and its checkpoint is on the disk. `clip` is the norm of the next round. */
  z.object({ type: z.literal('round'), nextClip: z.number(), ...federatedRoundSchema.shape }),
]);
export type SimulationItem = z.infer<typeof simulationItemSchema>;
export type RoundItem = Extract<SimulationItem, { readonly type: 'round' }>;
