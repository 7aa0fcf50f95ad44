import { z } from 'zod';
import { ERROR_BYTES } from './classify-failure.ts';
import type { Reply } from './model.ts';
import { ModelError } from './model-error.ts';
import { isNestedDeeper } from './parse-json.ts';
import type { Redactor } from './redact.ts';
import { REQUEST_CHANGES } from './request-form.ts';
import type { HttpReply } from './transport.ts';

/** Without keys, and an error body no longer than is looked at. */
export function redactReply(reply: HttpReply, redactor: Redactor): HttpReply {
  const body = redactor.text(reply.body);
  const accepted = reply.status >= 200 && reply.status < 300;
  return { ...reply, body: accepted ? body : body.slice(0, ERROR_BYTES) };
}

const countSchema = z.number().int().nonnegative().nullable().catch(null);
const nameSchema = z
  .string()
  .transform(name => name.slice(0, 500))
  .nullable();
const tokenSchema = z.object({ token: z.string(), logProbability: z.number() });

/** What leaves this room as a reply, whatever a server or a library made of it. */
const replySchema = z.object({
  text: z.string(),
  reasoning: z.string().optional(),
  finishReason: z.enum(['stop', 'length', 'content-filter', 'tool-calls', 'other']),
  refused: z.boolean(),
  usage: z.object({
    inputTokens: countSchema,
    outputTokens: countSchema,
    cachedInputTokens: z.number().int().nonnegative().optional().catch(undefined),
  }),
  latencyMs: z.number().nonnegative(),
  logProbabilities: z
    .array(tokenSchema.extend({ alternatives: z.array(tokenSchema) }))
    .optional()
    .catch(undefined),
  toolCalls: z
    .array(z.object({ name: z.string(), input: z.unknown(), output: z.unknown(), error: z.string().optional() }))
    .optional(),
  warnings: z.array(z.string()).optional(),
  changes: z.array(z.enum(REQUEST_CHANGES)).optional(),
  response: z.object({
    id: nameSchema,
    model: nameSchema,
    finishReason: nameSchema,
    fingerprint: nameSchema,
    status: z.number().int().nullable(),
  }),
});

/** Plain JSON of at most so many levels; null for anything else. */
function plain(value: unknown): unknown {
  try {
    const text = JSON.stringify(value ?? null);
    return isNestedDeeper(text) ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A reply without keys in any spelling, also such as come about only when its JSON is decoded, and of the shape that is promised.
 *
 * @throws {ModelError} `malformed` where it is not
 */
export function cleanReply(reply: Reply, redactor: Redactor): Reply {
  const { toolCalls, logProbabilities, changes, ...rest } = reply;
  const written = logProbabilities?.map(({ token }) => token).join('') ?? '';
  const parsed = replySchema.safeParse({
    ...z.record(z.string(), z.unknown()).parse(redactor.data(rest)),
    ...(toolCalls === undefined
      ? {}
      : {
          toolCalls: toolCalls.map(({ name, input, output, error }) => ({
            name: redactor.text(name),
            input: redactor.data(plain(input)),
            output: redactor.data(plain(output)),
            ...(error === undefined ? {} : { error: redactor.text(error) }),
          })),
        }),
    // A key spelt out token by token is not to be found in any one of them.
    ...(logProbabilities === undefined || redactor.text(written) !== written
      ? {}
      : { logProbabilities: redactor.data(logProbabilities) }),
    ...(changes === undefined || changes.length === 0 ? {} : { changes: [...new Set(changes)] }),
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ModelError('malformed', `the reply is not as promised: "${issue?.path.join('.')}" ${issue?.message}`);
  }
  return parsed.data;
}
