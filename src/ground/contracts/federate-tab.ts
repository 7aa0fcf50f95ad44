import { z } from 'zod';

/** A message that a client in a browser has sent. */
export const sentMessageSchema = z.object({
  /** Counts from 1. */
  number: z.number().int().positive(),
  at: z.iso.datetime(),
  kind: z.enum(['hello', 'answer', 'decline']),
  /** Null where it belongs to no round. */
  round: z.number().int().nullable(),
  /** What an answer answers. */
  step: z.string().nullable(),
  bytes: z.number().int(),
  /** Of all its bytes, in hexadecimal. */
  sha256: z.string(),
  /** Its header as it was sent: JSON. */
  header: z.string(),
  /** Its file in the archive. */
  file: z.string(),
});
export type SentMessage = z.infer<typeof sentMessageSchema>;

/** `index.json` of the archive of all that a client in a browser has sent. */
export const sentArchiveSchema = z.object({
  schema: z.literal('biolens/sent@1'),
  server: z.string(),
  client: z.string(),
  messages: z.array(sentMessageSchema),
});
export type SentArchive = z.infer<typeof sentArchiveSchema>;

/** What a person chose in the page. */
export interface TabJoin {
  readonly server: string;
  readonly key: File;
  readonly roster: File;
  /** All files of the chosen folder. */
  readonly files: readonly File[];
  /** The federation's id; null for whichever the coordinator has. */
  readonly session: string | null;
  /** Rounds with less noise are declined. */
  readonly leastNoise: number;
}

/** What the page asks of the client's worker. */
export type TabRequest =
  | { readonly kind: 'join'; readonly join: TabJoin }
  | { readonly kind: 'leave' }
  | { readonly kind: 'make-key'; readonly name: string };

/** What a coordinator asks clients to do in a round. */
export interface TabTask {
  readonly round: number;
  readonly model: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** In clipping norms; null for none. */
  readonly noise: number | null;
}

/** What the client's worker says. */
export type TabNews =
  /** What it has read of the folder. */
  | { readonly kind: 'data'; readonly client: string; readonly images: number; readonly files: readonly string[] }
  /** A line of its log. */
  | { readonly kind: 'note'; readonly at: string; readonly text: string }
  | { readonly kind: 'task'; readonly task: TabTask }
  | { readonly kind: 'received'; readonly bytes: number }
  | { readonly kind: 'sent'; readonly message: SentMessage; readonly content: Blob }
  /** A key file's text, and its line of the roster. */
  | { readonly kind: 'key'; readonly file: string; readonly rosterLine: string }
  | { readonly kind: 'over'; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string };
