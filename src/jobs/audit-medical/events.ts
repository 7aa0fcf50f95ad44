import { z } from 'zod';

/** What an audit of medical images says while it works. */
export interface AuditMedicalStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

/** One line of the run's `items.jsonl`: a generated image and the training image most like it. */
export const auditMedicalItemSchema = z.object({ generated: z.string(), training: z.string(), similarity: z.number() });
