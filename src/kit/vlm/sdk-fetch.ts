import { z } from 'zod';
import { messageOf } from '../../ground/errors.ts';
import { failOrBlock, inAscii, malformed, replyBytesFor } from './chat-completions.ts';
import { redactReply } from './clean-reply.ts';
import { isEventStream, joinEventStream, MOST_TOOL_CALLS } from './event-stream.ts';
import type { ModelRequest, Reply } from './model.ts';
import { ModelError } from './model-error.ts';
import { isNestedDeeper, parseJson } from './parse-json.ts';
import type { Redactor } from './redact.ts';
import type { RequestChange, RequestForm } from './request-form.ts';
import type { HttpReply, Transport } from './transport.ts';

export interface FetchOverOptions {
  readonly transport: Transport;
  readonly form: RequestForm;
  readonly redactor: Redactor;
  readonly request: ModelRequest;
}

/** What a library's own error would not tell. */
export interface FetchOutcome {
  /** A filter declined, which is an answer. */
  blocked: Reply | null;
  failure: ModelError | null;
  changes: readonly RequestChange[];
}

const settingsSchema = z.record(z.string(), z.unknown());

/** Headers of our own, under the names that any server reads. */
function headersOf(given: HeadersInit | undefined): Record<string, string> {
  return { ...Object.fromEntries(new Headers(given)), 'user-agent': 'biolens' };
}

/**
 * A `fetch` for a library that asks one question, over our transport: replies have its limits, redirects are not followed, refused fields are
 * learnt, streams are joined, and only replies that parse reach the library. Failures end the question; what they were is kept in `outcome`.
 */
export function fetchOver({ transport, form, redactor, request }: FetchOverOptions): {
  readonly fetch: typeof globalThis.fetch;
  readonly outcome: FetchOutcome;
} {
  const outcome: FetchOutcome = { blocked: null, failure: null, changes: [] };
  const mostBytes = replyBytesFor(request);
  const send = async (url: URL, init: RequestInit | undefined): Promise<Response> => {
    if (init?.method !== 'POST' || typeof init.body !== 'string')
      throw new ModelError('bad-request', 'a model library sent something else than a question');
    const headers = headersOf(init.headers);
    const { reply, changes } = await form.post(settingsSchema.parse(JSON.parse(init.body)), async settings =>
      redactReply(
        await transport.post(url, {
          headers,
          body: [inAscii(JSON.stringify(settings))],
          signal: request.signal,
          mostBytes,
        }),
        redactor,
      ),
    );
    outcome.changes = changes;
    if (reply.status < 200 || reply.status >= 300) {
      outcome.blocked = failOrBlock(reply, 0);
      throw new ModelError('malformed', 'declined by a filter');
    }
    const streamed = isEventStream(reply.headers, reply.body);
    if (streamed) outcome.changes = [...changes, 'stream'];
    return new Response(bodyFor(reply, streamed), { headers: { 'content-type': 'application/json' } });
  };
  return {
    outcome,
    fetch: async (input, init) => {
      try {
        return await send(new URL(input instanceof Request ? input.url : input), init);
      } catch (error) {
        if (error instanceof ModelError) outcome.failure ??= error;
        throw error;
      }
    },
  };
}

const callSchema = z.looseObject({
  function: z.looseObject({ name: z.string().optional(), arguments: z.string().optional() }).optional(),
});
const callsSchema = z.looseObject({
  choices: z
    .array(z.looseObject({ message: z.looseObject({ tool_calls: z.array(callSchema).nullish() }).nullish() }))
    .nullish(),
});

/** The JSON of a reply, checked for what libraries walk or start without a limit. */
function bodyFor(reply: HttpReply, streamed: boolean): string {
  let json: unknown;
  try {
    json = streamed ? joinEventStream(reply.body) : parseJson(reply.body);
  } catch (error) {
    throw malformed(reply, messageOf(error));
  }
  for (const { message } of callsSchema.safeParse(json).data?.choices ?? []) {
    const calls = message?.tool_calls ?? [];
    if (calls.length > MOST_TOOL_CALLS)
      throw malformed(reply, `it calls ${calls.length} tools at once, more than ${MOST_TOOL_CALLS}`);
    for (const { function: called } of calls) {
      if (isNestedDeeper(called?.arguments ?? '')) throw malformed(reply, 'arguments of a tool are nested too deep');
      if (called?.name !== undefined && called.name in {}) throw malformed(reply, `it calls a tool "${called.name}"`);
    }
  }
  return streamed ? JSON.stringify(json) : reply.body;
}
