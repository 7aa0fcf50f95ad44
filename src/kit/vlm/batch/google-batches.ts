import { z } from 'zod';
import { asciiJson, blockedReply, cachedOf, encodeBody, failOrBlock } from '../chat-completions.ts';
import type { Reply, ReplyFinish } from '../model.ts';
import { ModelError } from '../model-error.ts';
import { changeSettings, type Settings } from '../request-form.ts';
import type { BodyPart, HttpReply } from '../transport.ts';
import type { BatchClient, BatchRequest, BatchResult } from './client.ts';
import type { BatchAccess } from './exchange.ts';
import { countSchema, resultLimits } from './limits.ts';
import { entriesOf } from './pages.ts';
import { resultOf } from './result-of.ts';

const nameSchema = z.string().regex(/^batches\/[A-Za-z0-9_-]{1,200}$/, 'expected batches/…');
/** Counts are 64-bit numbers, which its JSON writes as text. */
const statCountSchema = z
  .union([z.number(), z.string().max(20).transform(Number)])
  .pipe(z.number().int().nonnegative())
  .nullish()
  .catch(null);

const operationSchema = z.object({
  name: nameSchema,
  done: z.boolean().nullish().catch(null),
  metadata: z
    .object({
      state: z.string().nullish().catch(null),
      displayName: z.string().nullish().catch(null),
      batchStats: z
        .object({ successfulRequestCount: statCountSchema, failedRequestCount: statCountSchema })
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
  error: z.object({ code: z.number().nullish(), message: z.string().nullish() }).nullish().catch(null),
  response: z
    .object({
      inlinedResponses: z
        .object({ inlinedResponses: z.array(z.unknown()).nullish() })
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
});
type Operation = z.infer<typeof operationSchema>;
const listSchema = z.object({
  operations: z.array(z.unknown()).nullish(),
  nextPageToken: z.string().max(2000).nullish().catch(null),
});

const contentSchema = z.object({
  candidates: z
    .array(
      z.object({
        content: z
          .object({
            parts: z.array(z.object({ text: z.string().optional(), thought: z.boolean().optional() })).nullish(),
          })
          .nullish(),
        finishReason: z.string().nullish(),
      }),
    )
    .nullish(),
  promptFeedback: z.object({ blockReason: z.string().nullish() }).nullish().catch(null),
  usageMetadata: z
    .object({
      promptTokenCount: countSchema,
      candidatesTokenCount: countSchema,
      thoughtsTokenCount: countSchema,
      cachedContentTokenCount: countSchema,
    })
    .nullish()
    .catch(null),
  modelVersion: z.string().nullish().catch(null),
  responseId: z.string().nullish().catch(null),
});
const itemSchema = z.object({
  metadata: z.object({ key: z.string() }),
  response: z.unknown().optional(),
  error: z.object({ code: z.number().nullish(), message: z.string().nullish() }).nullish(),
});

const FILTERED: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
]);

function finishOf(reason: string | null | undefined): ReplyFinish {
  if (reason === 'STOP') return 'stop';
  if (reason === 'MAX_TOKENS') return 'length';
  return FILTERED.has(reason ?? '') ? 'content-filter' : 'other';
}

/** @throws {ModelError} `malformed` where it is no reply */
function replyOf(value: unknown): Reply {
  const parsed = contentSchema.safeParse(value);
  const blocked = parsed.data?.promptFeedback?.blockReason;
  if (blocked != null) return blockedReply(`the prompt was blocked: ${blocked.slice(0, 200)}`, 200, 0);
  const candidate = parsed.data?.candidates?.[0];
  if (!parsed.success || candidate === undefined)
    throw new ModelError('malformed', 'a result of the batch is no reply');
  const { usageMetadata: usage, modelVersion, responseId } = parsed.data;
  const parts = candidate.content?.parts ?? [];
  const textOf = (thought: boolean): string =>
    parts.map(part => ((part.thought ?? false) === thought ? (part.text ?? '') : '')).join('');
  const finishReason = finishOf(candidate.finishReason);
  const written = usage?.candidatesTokenCount;
  return {
    text: textOf(false),
    ...(textOf(true) === '' ? {} : { reasoning: textOf(true) }),
    finishReason,
    refused: finishReason === 'content-filter',
    usage: {
      inputTokens: usage?.promptTokenCount ?? null,
      // A reply without a word has no count, and thoughts are paid for as what is written.
      outputTokens: usage == null ? null : (written ?? 0) + (usage.thoughtsTokenCount ?? 0),
      ...cachedOf(usage?.cachedContentTokenCount),
    },
    latencyMs: 0,
    response: {
      id: responseId ?? null,
      model: modelVersion ?? null,
      finishReason: candidate.finishReason ?? null,
      fingerprint: null,
      status: 200,
    },
  };
}

/** Codes of google.rpc.Status as HTTP has them. */
const STATUS: ReadonlyMap<number, number> = new Map([
  [1, 499],
  [3, 400],
  [4, 504],
  [5, 404],
  [7, 403],
  [8, 429],
  [9, 400],
  [13, 500],
  [14, 503],
  [16, 401],
]);

const httpStatus = (code: number | null | undefined): number =>
  code == null ? 500 : code >= 400 && code < 600 ? code : (STATUS.get(code) ?? 500);

function settingsOf({
  temperature,
  maxOutputTokens,
  seed,
}: Pick<BatchRequest, 'temperature' | 'maxOutputTokens' | 'seed'>): Settings {
  return {
    generationConfig: {
      ...(temperature === null ? {} : { temperature }),
      maxOutputTokens,
      ...(seed === undefined ? {} : { seed }),
    },
  };
}

function encodeContents({ system, parts }: BatchRequest): BodyPart[] {
  const pieces: BodyPart[] = [
    system === undefined ? '' : `"systemInstruction":${asciiJson({ parts: [{ text: system }] })},`,
    '"contents":[{"role":"user","parts":[',
  ];
  for (const [index, part] of parts.entries()) {
    const comma = index === 0 ? '' : ',';
    if (part.type === 'text') pieces.push(comma + asciiJson({ text: part.text }));
    else pieces.push(`${comma}{"inlineData":{"mimeType":${asciiJson(part.mediaType)},"data":"`, part.bytes, '"}}');
  }
  return [...pieces, ']}]'];
}

/** Of the 20 MB that requests within a batch may have. */
const INLINE_BYTES = 18 * 1024 * 1024;
/** What came in is sent back with the state of the batch. */
const BESIDE_BYTES = 32 * 1024 * 1024;
/** Of an answer that may hold all replies of a batch, or the states of many. */
const ANSWER_BYTES = 8 * BESIDE_BYTES;

const stateOf = ({ metadata }: Operation): string => (metadata?.state ?? '').replace(/^(?:BATCH|JOB)_STATE_/, '');

/**
 * Batches of Google's Gemini interface, with their requests inside (less than 20 MB a batch, `ai.google.dev/gemini-api/docs/batch-api`), at half
 * the price. A batch is found again by its display name.
 */
export function createGoogleBatches(options: BatchAccess): BatchClient {
  const { exchange, model, redactor, basePath } = options;
  const batchUrl = (name: string, more = ''): URL => exchange.urlOf(`${basePath}/${nameSchema.parse(name)}${more}`);

  function readItem(value: unknown, sent: Settings): BatchResult | null {
    const parsed = itemSchema.safeParse(value);
    if (!parsed.success) return null;
    const { metadata, response, error } = parsed.data;
    const id = metadata.key;
    if (error == null) return resultOf(id, { redactor, read: () => replyOf(response) });
    const reply: HttpReply = { status: httpStatus(error.code), headers: {}, body: JSON.stringify({ error }) };
    return resultOf(id, { redactor, read: () => failOrBlock(reply, 0), refusal: { reply, sent } });
  }

  return {
    id: options.id,
    limits: { requests: 10_000, bytes: INLINE_BYTES },
    priceFactor: 0.5,
    changes: [],
    encode(id, request, changes) {
      const settings = changeSettings(settingsOf(request), changes);
      return {
        id,
        parts: [
          '{"request":',
          ...encodeBody(settings, encodeContents(request)),
          `,"metadata":${asciiJson({ key: id })}}`,
        ],
      };
    },
    async submit({ token, entries, signal }) {
      const body = entries.flatMap(({ parts }, i) => (i === 0 ? parts : [',', ...parts]));
      const start = `{"batch":{"displayName":${asciiJson(token)},"inputConfig":{"requests":{"requests":[`;
      const made = await exchange.post(
        exchange.urlOf(`${basePath}/models/${encodeURIComponent(model)}:batchGenerateContent`),
        [start, ...body, ']}}}}'],
        { schema: z.object({ name: nameSchema }), signal, mostBytes: BESIDE_BYTES },
      );
      return made.name;
    },
    async find({ token, signal }) {
      const operations = entriesOf(async after => {
        const url = `${basePath}/batches?pageSize=100${after === null ? '' : `&pageToken=${encodeURIComponent(after)}`}`;
        const listed = await exchange.get(exchange.urlOf(url), listSchema, { signal, mostBytes: ANSWER_BYTES });
        const entries = (listed.operations ?? []).flatMap(one => operationSchema.safeParse(one).data ?? []);
        return { entries, next: listed.nextPageToken };
      });
      for await (const { name, metadata } of operations) if (metadata?.displayName === token) return { id: name };
      return 'absent';
    },
    async poll(id, signal) {
      // Once it has ended, this has all replies in it.
      const operation = await exchange.get(batchUrl(id), operationSchema, { signal, mostBytes: ANSWER_BYTES });
      const state = stateOf(operation);
      const stats = operation.metadata?.batchStats;
      const finished = stats == null ? null : (stats.successfulRequestCount ?? 0) + (stats.failedRequestCount ?? 0);
      const failed = state === 'FAILED' || (operation.done === true && operation.error != null && state === '');
      const done = operation.done === true || ['SUCCEEDED', 'CANCELLED', 'EXPIRED'].includes(state);
      return {
        state: failed ? 'failed' : done ? 'done' : 'working',
        finished,
        message: operation.error?.message ?? null,
        crowded: operation.error?.code === 8,
      };
    },
    async *results(id, given) {
      const { mostBytes } = resultLimits(given.requests, given.request);
      const operation = await exchange.get(batchUrl(id), operationSchema, {
        signal: given.signal,
        mostBytes: Math.min(mostBytes + BESIDE_BYTES, ANSWER_BYTES),
      });
      const sent = changeSettings(settingsOf({ temperature: 0, seed: 0, ...given.request }), given.changes);
      for (const item of operation.response?.inlinedResponses?.inlinedResponses ?? []) {
        const result = readItem(item, sent);
        if (result === null) given.faults.unreadable++;
        else yield result;
      }
    },
    async cancel(id, signal) {
      await exchange.post(batchUrl(id, ':cancel'), ['{}'], { schema: z.unknown(), signal });
    },
    async forget({ id }, signal) {
      if (id !== null) await exchange.remove(batchUrl(id), signal);
    },
    close: () => exchange.close(),
  };
}
