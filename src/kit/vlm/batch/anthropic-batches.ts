import { z } from 'zod';
import { asciiJson, cachedOf, encodeBody, failOrBlock } from '../chat-completions.ts';
import type { Reply, ReplyFinish } from '../model.ts';
import { ModelError } from '../model-error.ts';
import { tryParseJson } from '../parse-json.ts';
import { changeSettings, type Settings } from '../request-form.ts';
import type { BodyPart, HttpReply } from '../transport.ts';
import type { BatchClient, BatchRequest, BatchResult, FoundBatch, LostBatch, ResultsOptions } from './client.ts';
import type { BatchAccess } from './exchange.ts';
import { countSchema, providerIdSchema, resultLimits, UPLOAD_BYTES } from './limits.ts';
import { entriesOf } from './pages.ts';
import { resultOf } from './result-of.ts';

const idSchema = z.object({ id: providerIdSchema });
const countsSchema = z.object({
  processing: countSchema,
  succeeded: countSchema,
  errored: countSchema,
  canceled: countSchema,
  expired: countSchema,
});
const batchSchema = z.object({
  id: providerIdSchema,
  processing_status: z.string(),
  created_at: z.string().nullish().catch(null),
  results_url: z.string().max(2000).nullish().catch(null),
  request_counts: countsSchema.nullish().catch(null),
});
type Batch = z.infer<typeof batchSchema>;
const listSchema = z.object({
  data: z.array(z.unknown()),
  has_more: z.boolean().nullish().catch(null),
  last_id: providerIdSchema.nullish().catch(null),
});

const messageSchema = z.object({
  id: z.string().nullish().catch(null),
  model: z.string().nullish().catch(null),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional(), thinking: z.string().optional() })),
  stop_reason: z.string().nullish(),
  usage: z
    .object({
      input_tokens: countSchema,
      output_tokens: countSchema,
      cache_creation_input_tokens: countSchema,
      cache_read_input_tokens: countSchema,
    })
    .nullish()
    .catch(null),
});
const lineIdSchema = z.object({ custom_id: z.string() });
const lineSchema = lineIdSchema.extend({
  result: z.discriminatedUnion('type', [
    z.object({ type: z.literal('succeeded'), message: messageSchema }),
    z.object({ type: z.literal('errored'), error: z.unknown() }),
    z.object({ type: z.literal('canceled') }),
    z.object({ type: z.literal('expired') }),
  ]),
});

/** Its errors have a name where HTTP has a status. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);
const errorSchema = z.object({ error: z.object({ type: z.string() }) });
const innerErrorSchema = z.object({ type: z.string() });

const FINISH: ReadonlyMap<string, ReplyFinish> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content-filter'],
  ['tool_use', 'tool-calls'],
]);

function replyOf({ id, model, content, stop_reason, usage }: z.infer<typeof messageSchema>): Reply {
  const text = content.map(part => (part.type === 'text' ? (part.text ?? '') : '')).join('');
  const reasoning = content.map(part => (part.type === 'thinking' ? (part.thinking ?? '') : '')).join('');
  const finishReason = FINISH.get(stop_reason ?? '') ?? 'other';
  const cached = usage?.cache_read_input_tokens;
  const sent = usage?.input_tokens;
  return {
    text,
    ...(reasoning === '' ? {} : { reasoning }),
    finishReason,
    refused: finishReason === 'content-filter',
    usage: {
      inputTokens: sent == null ? null : sent + (usage?.cache_creation_input_tokens ?? 0) + (cached ?? 0),
      outputTokens: usage?.output_tokens ?? null,
      ...cachedOf(cached),
    },
    latencyMs: 0,
    response: {
      id: id ?? null,
      model: model ?? null,
      finishReason: stop_reason ?? null,
      fingerprint: null,
      status: 200,
    },
  };
}

/** The content of a message; the images up to the last shared one are marked to be kept. */
function encodeContent({ parts, cachedParts = 0 }: BatchRequest): BodyPart[] {
  const pieces: BodyPart[] = [];
  for (const [index, part] of parts.entries()) {
    const comma = index === 0 ? '[' : ',';
    const mark = index + 1 === cachedParts ? ',"cache_control":{"type":"ephemeral"}' : '';
    if (part.type === 'text') pieces.push(`${comma}{"type":"text","text":${asciiJson(part.text)}${mark}}`);
    else {
      pieces.push(
        `${comma}{"type":"image","source":{"type":"base64","media_type":${asciiJson(part.mediaType)},"data":"`,
      );
      pieces.push(part.bytes, `"}${mark}}`);
    }
  }
  return [...pieces, ']'];
}

function settingsOf(
  model: string,
  request: Pick<BatchRequest, 'system' | 'temperature' | 'maxOutputTokens'>,
): Settings {
  return {
    model,
    max_tokens: request.maxOutputTokens,
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.system === undefined ? {} : { system: request.system }),
  };
}

/** Clocks differ, and a list may be a little behind. */
const CLOCK_SKEW_MS = 10 * 60 * 1000;

const total = ({ request_counts: counts }: Batch): number | null =>
  counts == null ? null : Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);

/**
 * The Message Batches of Anthropic: one request holds up to 100,000 messages and 256 MB, and their results are a file within a day, at half the
 * price (`docs.claude.com`, Message Batches). The interface gives a batch no name of its own, so that one whose id was lost is told by its
 * results alone: their ids begin with the token.
 */
export function createAnthropicBatches(options: BatchAccess): BatchClient {
  const { exchange, model, redactor, basePath } = options;
  const root = `${basePath}/messages/batches`;
  const batchUrl = (id: string, more = ''): URL => exchange.urlOf(`${root}/${encodeURIComponent(id)}${more}`);
  const get = (id: string, signal: AbortSignal): Promise<Batch> => exchange.get(batchUrl(id), batchSchema, { signal });

  function readLine(line: string, sent: Settings): BatchResult | null {
    const parsed = lineSchema.safeParse(tryParseJson(line));
    if (!parsed.success) return null;
    const { custom_id: id, result } = parsed.data;
    if (result.type === 'succeeded') return resultOf(id, { redactor, read: () => replyOf(result.message) });
    if (result.type !== 'errored')
      return { id, error: new ModelError('timeout', `the provider did not come to it (${result.type})`), change: null };
    const type =
      errorSchema.safeParse(result.error).data?.error.type ?? innerErrorSchema.safeParse(result.error).data?.type;
    const reply: HttpReply = {
      status: STATUS.get(type ?? '') ?? 500,
      headers: {},
      body: JSON.stringify(result.error ?? null),
    };
    return resultOf(id, { redactor, read: () => failOrBlock(reply, 0), refusal: { reply, sent } });
  }

  /** Lines of the results of a batch that has ended. */
  async function* linesOf(batch: Batch, given: Pick<ResultsOptions, 'requests' | 'request' | 'signal'>) {
    if (batch.results_url == null) return;
    const limits = resultLimits(given.requests, given.request);
    yield* exchange.lines(exchange.urlOf(batch.results_url), { ...limits, signal: given.signal });
  }

  async function isOurs(batch: Batch, { token, requests, signal }: LostBatch): Promise<boolean> {
    const lines = linesOf(batch, { requests, request: { maxOutputTokens: 4096 }, signal });
    for await (const line of lines) {
      const id = line === null ? undefined : lineIdSchema.safeParse(tryParseJson(line)).data?.custom_id;
      if (id !== undefined) return id.startsWith(token);
    }
    return false;
  }

  const list = (signal: AbortSignal): AsyncGenerator<Batch> =>
    entriesOf(async after => {
      const more = after === null ? '' : `&after_id=${encodeURIComponent(after)}`;
      const listed = await exchange.get(exchange.urlOf(`${root}?limit=100${more}`), listSchema, { signal });
      const entries = listed.data.flatMap(one => batchSchema.safeParse(one).data ?? []);
      return { entries, next: listed.has_more === true ? listed.last_id : null };
    });

  async function find(lost: LostBatch): Promise<FoundBatch> {
    let unclear = false;
    for await (const batch of list(lost.signal)) {
      const created = Date.parse(batch.created_at ?? '');
      if (created < lost.since - CLOCK_SKEW_MS) break;
      const count = total(batch);
      if (lost.known.has(batch.id) || (count !== null && count !== lost.requests)) continue;
      if (batch.processing_status !== 'ended') unclear = true;
      else if (await isOurs(batch, lost)) return { id: batch.id };
    }
    return unclear ? 'unclear' : 'absent';
  }

  return {
    id: options.id,
    limits: { requests: 10_000, bytes: UPLOAD_BYTES },
    priceFactor: 0.5,
    changes: [],
    encode(id, request, changes) {
      const settings = changeSettings(settingsOf(model, request), changes);
      const messages: BodyPart[] = ['"messages":[{"role":"user","content":', ...encodeContent(request), '}]'];
      return { id, parts: [`{"custom_id":${asciiJson(id)},"params":`, ...encodeBody(settings, messages), '}'] };
    },
    async submit({ entries, signal }) {
      const body = entries.flatMap(({ parts }, i) => (i === 0 ? parts : [',', ...parts]));
      const made = await exchange.post(exchange.urlOf(root), ['{"requests":[', ...body, ']}'], {
        schema: idSchema,
        signal,
      });
      return made.id;
    },
    find,
    async poll(id, signal) {
      const batch = await get(id, signal);
      const all = total(batch);
      const processing = batch.request_counts?.processing;
      return {
        state: batch.processing_status === 'ended' ? 'done' : 'working',
        finished: all === null || processing == null ? null : all - processing,
        message: null,
        crowded: false,
      };
    },
    async *results(id, given) {
      const asked = settingsOf(model, { temperature: 0, ...given.request });
      // It knows no other name for the longest reply.
      const sent = { ...changeSettings(asked, given.changes), max_tokens: asked.max_tokens };
      for await (const line of linesOf(await get(id, given.signal), given)) {
        const result = line === null ? null : readLine(line, sent);
        if (result === null) given.faults.unreadable++;
        else yield result;
      }
    },
    async cancel(id, signal) {
      await exchange.post(batchUrl(id, '/cancel'), ['{}'], { schema: idSchema, signal });
    },
    async forget({ id }, signal) {
      if (id !== null) await exchange.remove(batchUrl(id), signal);
    },
    close: () => exchange.close(),
  };
}
