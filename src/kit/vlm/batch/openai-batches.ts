import { z } from 'zod';
import { asciiJson, decodeReply, encodeBody, encodeMessages, settingsOf } from '../chat-completions.ts';
import { cleanReply } from '../clean-reply.ts';
import { ModelError } from '../model-error.ts';
import { tryParseJson } from '../parse-json.ts';
import type { Redactor } from '../redact.ts';
import { changeFor, changeSettings, type RequestChange } from '../request-form.ts';
import type { HttpReply } from '../transport.ts';
import type { BatchClient, BatchResult, ResultsOptions } from './client.ts';
import type { Exchange } from './exchange.ts';
import { countSchema, providerIdSchema, resultLimits, UPLOAD_BYTES } from './limits.ts';

export interface OpenAiBatchesOptions {
  readonly id: string;
  readonly model: string;
  readonly exchange: Exchange;
  readonly redactor: Redactor;
  /** The path of the interface, such as `/v1`. */
  readonly basePath: string;
  /** Half the price is what OpenAI publishes; other hosts of the same interface have prices of their own. */
  readonly priceFactor: number | null;
  readonly changes: readonly RequestChange[];
}

const idSchema = z.object({ id: providerIdSchema });

const batchSchema = z.object({
  id: providerIdSchema,
  status: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
  input_file_id: providerIdSchema.nullish().catch(null),
  output_file_id: providerIdSchema.nullish().catch(null),
  error_file_id: providerIdSchema.nullish().catch(null),
  errors: z
    .object({ data: z.array(z.object({ code: z.string().nullish(), message: z.string().nullish() })).nullish() })
    .nullish()
    .catch(null),
  request_counts: z.object({ completed: countSchema, failed: countSchema }).nullish().catch(null),
});

const listSchema = z.object({ data: z.array(z.unknown()), has_more: z.boolean().nullish().catch(null) });
const lineSchema = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.number().int(), body: z.unknown() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});

/** Under this key the token stands among the batch's metadata. */
const TOKEN_KEY = 'biolens';
const MOST_PAGES = 20;
const ENDED: ReadonlySet<string> = new Set(['completed', 'expired', 'cancelled']);

/** Stands nowhere in what is uploaded, where the token is followed by a dash; some parsers look for it without its own dashes. */
const boundaryOf = (token: string): string => `${token}form`;

function headOf(token: string): string {
  const part = (name: string, more = ''): string =>
    `--${boundaryOf(token)}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n`;
  return `${part('purpose')}\r\nbatch\r\n${part('file', `; filename="${token}.jsonl"`)}Content-Type: application/jsonl\r\n\r\n`;
}

/**
 * The batch interface of OpenAI, which other hosts have taken over: a file of chat completions is uploaded, a batch is made of it, and a file of
 * replies is downloaded within a day. `platform.openai.com/docs/guides/batch`: at most 50,000 requests and 200 MB, at half the price.
 */
export function createOpenAiBatches(options: OpenAiBatchesOptions): BatchClient {
  const { exchange, model, redactor, basePath } = options;
  const url = (path: string): URL => exchange.urlOf(`${basePath}${path}`);
  const batchUrl = (id: string): URL => url(`/batches/${encodeURIComponent(id)}`);
  const fileUrl = (id: string): URL => url(`/files/${encodeURIComponent(id)}`);
  const get = (id: string, signal: AbortSignal) => exchange.get(batchUrl(id), batchSchema, { signal });

  function readLine(line: string, { request, changes }: ResultsOptions): BatchResult | null {
    const parsed = lineSchema.safeParse(tryParseJson(line));
    if (!parsed.success) return null;
    const { custom_id: id, response, error } = parsed.data;
    const body = response == null ? { error } : response.body;
    const status = response?.status_code ?? (error?.code === 'batch_expired' ? 408 : 500);
    const reply: HttpReply = { status, headers: {}, body: JSON.stringify(body ?? null) };
    try {
      return { id, reply: cleanReply(decodeReply(reply, 0), redactor) };
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      const sent = changeSettings(settingsOf(model, { parts: [], temperature: 0, seed: 0, ...request }), changes);
      return { id, error: thrown, change: changeFor(reply, sent) };
    }
  }

  return {
    id: options.id,
    limits: { requests: 50_000, bytes: UPLOAD_BYTES },
    priceFactor: options.priceFactor,
    changes: options.changes,
    encode(id, request, changes) {
      const settings = changeSettings(settingsOf(model, request), changes);
      const start = `{"custom_id":${asciiJson(id)},"method":"POST","url":"/v1/chat/completions","body":`;
      return { id, parts: [start, ...encodeBody(settings, encodeMessages(request)), '}\n'] };
    },
    async submit({ token, entries, signal, onFile }) {
      const file = await exchange.post(
        url('/files'),
        [headOf(token), ...entries.flatMap(({ parts }) => parts), `\r\n--${boundaryOf(token)}--\r\n`],
        { contentType: `multipart/form-data; boundary=${boundaryOf(token)}`, schema: idSchema, signal },
      );
      await onFile(file.id);
      const made = await exchange.post(
        url('/batches'),
        [
          asciiJson({
            input_file_id: file.id,
            endpoint: '/v1/chat/completions',
            completion_window: '24h',
            metadata: { [TOKEN_KEY]: token },
          }),
        ],
        { contentType: 'application/json', schema: idSchema, signal },
      );
      return made.id;
    },
    async find({ token, signal }) {
      let after: string | null = null;
      for (let page = 0; page < MOST_PAGES; page++) {
        const list: z.infer<typeof listSchema> = await exchange.get(
          url(`/batches?limit=100${after === null ? '' : `&after=${encodeURIComponent(after)}`}`),
          listSchema,
          { signal },
        );
        const batches = list.data.flatMap(one => batchSchema.safeParse(one).data ?? []);
        const found = batches.find(({ metadata }) => metadata?.[TOKEN_KEY] === token);
        if (found !== undefined) return { id: found.id };
        after = batches.at(-1)?.id ?? null;
        if (list.has_more !== true || after === null) return 'absent';
      }
      return 'absent';
    },
    async poll(id, signal) {
      const { status, errors, request_counts: counts } = await get(id, signal);
      const [first] = errors?.data ?? [];
      const finished = counts == null ? null : (counts.completed ?? 0) + (counts.failed ?? 0);
      const message = first === undefined ? null : (first.message ?? first.code ?? null);
      const crowded = (errors?.data ?? []).some(({ code }) => code === 'token_limit_exceeded');
      const state = status === 'failed' ? 'failed' : ENDED.has(status) ? 'done' : 'working';
      return { state, finished, message, crowded };
    },
    async *results(id, given) {
      const { output_file_id: output, error_file_id: errors } = await get(id, given.signal);
      const limits = resultLimits(given.requests, given.request);
      for (const file of [output, errors]) {
        if (file == null) continue;
        for await (const line of exchange.lines(url(`/files/${encodeURIComponent(file)}/content`), {
          ...limits,
          signal: given.signal,
        })) {
          const result = line === null ? null : readLine(line, given);
          if (result === null) given.faults.unreadable++;
          else yield result;
        }
      }
    },
    async cancel(id, signal) {
      await exchange.post(url(`/batches/${encodeURIComponent(id)}/cancel`), ['{}'], {
        contentType: 'application/json',
        schema: idSchema,
        signal,
      });
    },
    async forget({ id, file }, signal) {
      const files = new Set(file === null ? [] : [file]);
      if (id !== null) {
        const batch = await get(id, signal);
        for (const one of [batch.input_file_id, batch.output_file_id, batch.error_file_id])
          if (one != null) files.add(one);
      }
      for (const one of files) await exchange.remove(fileUrl(one), signal);
    },
    close: () => exchange.close(),
  };
}
