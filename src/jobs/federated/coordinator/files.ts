import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import type { Roster } from '../secure/record.ts';
import { fromHex } from '../wire/bytes.ts';

const hexKey = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

/** A client's key file: for its eyes alone. */
export const keyFileSchema = z.strictObject({
  schema: z.literal('biolens/federation-key@1'),
  name: z.string().min(1).max(100),
  /** Ed25519. */
  secret: hexKey,
  public: hexKey,
});
export type KeyFile = z.infer<typeof keyFileSchema>;

/** A roster file: the same for all, handed round by the people who trust each other, not by the coordinator. */
export const rosterFileSchema = z.strictObject({
  schema: z.literal('biolens/federation-roster@1'),
  members: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        key: hexKey,
        /** The key was stolen or lost: nobody is taken for this client any more. */
        revoked: z.boolean().default(false),
      }),
    )
    .min(3)
    .max(10_000),
});

function parse<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `${file}: "${issue?.path.join('.')}": ${issue?.message}`);
}

/** @throws {BiolensError} `input` naming file and field */
export function parseRoster(value: unknown, file: string): Roster {
  const { members } = parse(rosterFileSchema, value, file);
  return { members: members.map(({ name, key, revoked }) => ({ name, key: fromHex(key), revoked })) };
}

/** @throws {BiolensError} `input` naming file and field */
export const parseKeyFile = (value: unknown, file: string): KeyFile => parse(keyFileSchema, value, file);
