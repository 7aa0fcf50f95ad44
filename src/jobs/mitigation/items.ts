import { z } from 'zod';

const secondsSchema = z.object({ sampling: z.number(), measuring: z.number(), tuning: z.number() });

/** One line of a mitigation's `items.jsonl`. A line that was written again after a crash says the same as before; the last one counts. */
export const mitigationItemSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('steps'), round: z.number(), first: z.number(), losses: z.array(z.number()) }),
  z.object({
    type: z.literal('round'),
    index: z.number(),
    measurement: z.unknown(),
    samples: z.number(),
    meanReward: z.number(),
    zeroReward: z.number(),
    held: z.boolean(),
    distance: z.number(),
    spoiled: z.boolean(),
    tuning: z.object({ steps: z.number(), loss: z.object({ first: z.number(), last: z.number() }) }).nullable(),
    seconds: secondsSchema,
  }),
  /** A part of the result that is made once, such as the audit before. */
  z.object({ type: z.literal('part'), name: z.string(), value: z.unknown() }),
]);
