import { z } from 'zod';
import { asciiJson, decodeReply, encodeBody, encodeMessages, settingsOf } from '../chat-completions.ts';
import { tryParseJson } from '../parse-json.ts';
import { changeSettings, type RequestChange, type Settings } from '../request-form.ts';
import type { HttpReply } from '../transport.ts';
import type { BatchClient, BatchResult } from './client.ts';
import type { BatchAccess } from './exchange.ts';
import { countSchema, providerIdSchema, resultLimits, UPLOAD_BYTES } from './limits.ts';
import { entriesOf } from './pages.ts';
import { resultOf } from './result-of.ts';

export interface OpenAiBatchesOptions extends BatchAccess {
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
  const batchUrl = (id: string, more = ''): URL => url(`/batches/${encodeURIComponent(id)}${more}`);
  const fileUrl = (id: string, more = ''): URL => url(`/files/${encodeURIComponent(id)}${more}`);
  const get = (id: string, signal: AbortSignal) => exchange.get(batchUrl(id), batchSchema, { signal });

  function readLine(line: string, sent: Settings): BatchResult | null {
    const parsed = lineSchema.safeParse(tryParseJson(line));
    if (!parsed.success) return null;
    const { custom_id: id, response, error } = parsed.data;
    const body = response == null ? { error } : response.body;
    const status = response?.status_code ?? (error?.code === 'batch_expired' ? 408 : 500);
    const reply: HttpReply = { status, headers: {}, body: JSON.stringify(body ?? null) };
    return resultOf(id, { redactor, read: () => decodeReply(reply, 0), refusal: { reply, sent } });
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
        { schema: idSchema, signal },
      );
      return made.id;
    },
    async find({ token, signal }) {
      const batches = entriesOf(async after => {
        const more = after === null ? '' : `&after=${encodeURIComponent(after)}`;
        const list = await exchange.get(url(`/batches?limit=100${more}`), listSchema, { signal });
        const entries = list.data.flatMap(one => batchSchema.safeParse(one).data ?? []);
        return { entries, next: list.has_more === true ? entries.at(-1)?.id : null };
      });
      for await (const { id, metadata } of batches) if (metadata?.[TOKEN_KEY] === token) return { id };
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
      const asked = settingsOf(model, { parts: [], temperature: 0, seed: 0, ...given.request });
      const sent = changeSettings(asked, given.changes);
      for (const file of [output, errors]) {
        if (file == null) continue;
        for await (const line of exchange.lines(fileUrl(file, '/content'), {
          ...limits,
          signal: given.signal,
        })) {
          const result = line === null ? null : readLine(line, sent);
          if (result === null) given.faults.unreadable++;
          else yield result;
        }
      }
    },
    async cancel(id, signal) {
      await exchange.post(batchUrl(id, '/cancel'), ['{}'], { schema: idSchema, signal });
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
