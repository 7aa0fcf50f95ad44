import { z } from 'zod';
import { invitedClientSchema, servedRoundSchema } from '../../../ground/contracts/index.ts';

/** One line of a federation's `items.jsonl`: a round is over. */
export const federationItemSchema = z.object({
  type: z.literal('round'),
  members: z.array(invitedClientSchema),
  ...servedRoundSchema.shape,
});
export type FederationItem = z.infer<typeof federationItemSchema>;
