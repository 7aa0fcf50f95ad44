import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import { isNestedDeeper } from '../../../ground/nesting.ts';
import { RULES } from '../rules/robust.ts';
import { STEPS } from '../secure/frames.ts';
import type { RoundRecord } from '../secure/record.ts';
import { ByteReader, ByteWriter } from '../wire/bytes.ts';

/** Version of what goes between a coordinator and its clients. */
export const COORDINATION = 1;

const hex = (bytes: number) =>
  z
    .string()
    .regex(/^[0-9a-f]*$/)
    .length(2 * bytes);
const round = z
  .int()
  .min(1)
  .max(2 ** 31);
const sentence = z.string().max(2000);

/** Noise that the clients of a round add to its sum together. */
export const roundPrivacySchema = z.strictObject({
  /** In clipping norms, whoever of those that may be lost is lost. */
  noise: z.number().positive().max(1000),
  /** Updates are clipped to this length. */
  clip: z.number().positive().max(1e6),
  /** Other clients whose noise is in every sum. */
  contributors: z.int().min(1).max(10_000),
  /** Clients whose vectors can be in a sum. */
  most: z.int().min(1).max(10_000),
});
export type RoundPrivacy = z.infer<typeof roundPrivacySchema>;

const robustRuleSchema = z.strictObject({
  name: z.enum(RULES).exclude(['mean']),
  poisoned: z.int().min(0).max(10_000),
});

/** What a client does with a model before its vector is summed. */
export const trainingSchema = z.strictObject({
  model: z.string().max(100),
  epochs: z.int().min(1).max(1000),
  batchSize: z.int().min(0).max(4096),
  learningRate: z.number().positive().max(100),
  /** Examples that count one; a client counts `mostWeight` at most. */
  unit: z.number().positive(),
  quantiser: z.strictObject({
    range: z.number().positive(),
    levelBits: z.int().min(2).max(24),
    mostWeight: z.int().min(1).max(65_535),
  }),
  /** Clients add noise, and all count alike; null for none. */
  privacy: roundPrivacySchema.nullable().default(null),
  /** Vectors have one more entry for the loss of the training, see `LOSS_RANGE`. */
  loss: z.boolean().default(false),
  /** The round hides nothing, and its updates are combined by this rule; null where they are summed securely. */
  rule: robustRuleSchema.nullable().default(null),
});
export type Training = z.infer<typeof trainingSchema>;

/** A loss is told up to this; larger ones count as this. */
export const LOSS_RANGE = 16;

/** @throws {BiolensError} `input` for a round that says nothing of its training, or nothing that can be */
export function trainingOf({ about }: Pick<RoundRecord, 'about'>): Training {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(about));
  } catch {
    throw new BiolensError('input', 'the round says nothing that can be read of its training');
  }
  const parsed = trainingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `the round’s training: "${issue?.path.join('.')}": ${issue?.message}`);
}

const headerSchema = z.discriminatedUnion('kind', [
  /** Server: prove who you are. */
  z.strictObject({ kind: z.literal('challenge'), protocol: z.int(), session: hex(32), nonce: hex(32) }),
  /** Client: its number in the roster, and its signature on the challenge. */
  z.strictObject({ kind: z.literal('hello'), protocol: z.int(), client: z.int().min(0), signature: hex(64) }),
  /** Server: a round begins; the payload is the model, float32 little-endian. */
  z.strictObject({
    kind: z.literal('task'),
    round,
    record: z
      .string()
      .regex(/^[0-9a-f]*$/)
      .max(20_000),
  }),
  /** Server: the message of a step, as the payload. */
  z.strictObject({ kind: z.literal('step'), round, step: z.enum(STEPS) }),
  /** Client: its answer to a step, as the payload. */
  z.strictObject({ kind: z.literal('answer'), round, step: z.enum(STEPS) }),
  /** Client: why it leaves the round. */
  z.strictObject({ kind: z.literal('decline'), round, reason: sentence }),
  /** Server: a round has ended; the digest of the new model, or why there is none. */
  z.strictObject({ kind: z.literal('over'), round, digest: hex(32).nullable(), reason: sentence.nullable() }),
  /** Server: there are no more rounds, or this client is not wanted. */
  z.strictObject({ kind: z.literal('end'), reason: sentence }),
]);
export type Header = z.infer<typeof headerSchema>;
export type HeaderOf<K extends Header['kind']> = Extract<Header, { readonly kind: K }>;

export const MOST_HEADER_BYTES = 65_536;
const DEEPEST = 4;

export interface Message {
  readonly header: Header;
  readonly payload: Uint8Array;
}

/** A message: the length of its header, the header as JSON, the payload. */
export function writeMessage(header: Header, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  return new ByteWriter(4 + text.length + payload.length).bytes(text).raw(payload).finish();
}

/** @throws {BiolensError} `input` naming what is wrong */
export function readMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes, 'message');
  const text = reader.text(MOST_HEADER_BYTES);
  if (isNestedDeeper(text, DEEPEST)) reader.refuse('its header is nested too deep');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return reader.refuse('its header is not JSON');
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BiolensError('input', `message: "${issue?.path.join('.')}": ${issue?.message}`);
  }
  return { header: parsed.data, payload: reader.raw(reader.left) };
}

/** What a client signs to prove who it is: for one server's challenge alone. */
export function helloText(
  { session, nonce }: Pick<HeaderOf<'challenge'>, 'session' | 'nonce'>,
  client: number,
): Uint8Array {
  return new ByteWriter().text('biolens hello').text(session).text(nonce).u32(client).finish();
}
