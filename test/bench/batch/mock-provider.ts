import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';

/** What became of one request of a batch. */
export type MockOutcome =
  | { readonly text: string }
  | { readonly error: { readonly status: number; readonly message: string } }
  | 'expired'
  | 'missing';

export interface MockRequest {
  readonly id: string;
  /** The settings and messages, as this provider wants them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** In which batch it came, from 0. */
  readonly batch: number;
}

export interface MockOptions {
  readonly kind: 'openai' | 'anthropic' | 'google';
  readonly answer?: (request: MockRequest) => MockOutcome;
  /** Looks at a batch before it has ended. */
  readonly polls?: number;
  /** The results as they are sent, in the place of the honest ones. */
  readonly results?: (lines: readonly string[], times: number) => BodyInit;
  /** A batch as it is shown, in the place of the honest one. */
  readonly show?: (batch: Readonly<Record<string, unknown>>) => unknown;
  /** Called when a batch has been taken, before it is answered. */
  readonly taken?: (count: number) => Promise<Response | undefined> | Response | undefined;
}

interface MockBatch {
  readonly id: string;
  readonly token: string | null;
  readonly file: string | null;
  readonly requests: readonly { readonly id: string; readonly body: Readonly<Record<string, unknown>> }[];
  readonly number: number;
  looks: number;
  cancelled: boolean;
  ended: boolean;
}

const KEY = 'sk-batch-test-0123456789abcdef';
export const MOCK_KEY = KEY;
const ORIGINS = {
  openai: 'https://api.openai.com',
  anthropic: 'https://api.anthropic.com',
  google: 'https://generativelanguage.googleapis.com',
} as const;
export const MODELS = {
  openai: 'openai:gpt-test',
  anthropic: 'anthropic:claude-test',
  google: 'google:gemini-test',
} as const;
export const ENVIRONMENT = { OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY, GEMINI_API_KEY: KEY };

const record = z.record(z.string(), z.unknown());
const openAiLine = z.strictObject({
  custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  method: z.literal('POST'),
  url: z.literal('/v1/chat/completions'),
  body: record,
});
const anthropicBody = z.strictObject({
  requests: z.array(z.strictObject({ custom_id: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/), params: record })).min(1),
});
const googleBody = z.strictObject({
  batch: z.strictObject({
    displayName: z.string(),
    inputConfig: z.strictObject({
      requests: z.strictObject({
        requests: z.array(z.strictObject({ request: record, metadata: z.strictObject({ key: z.string() }) })).min(1),
      }),
    }),
  }),
});

/** A provider's batch interface, as it is published, on nothing but a function. */
export class MockProvider {
  readonly kind: MockOptions['kind'];
  readonly batches: MockBatch[] = [];
  /** Uploaded files that were not deleted. */
  readonly files = new Map<string, string>();
  readonly deleted: string[] = [];
  /** Method and path of every request. */
  readonly log: string[] = [];
  readonly #options: MockOptions;
  #downloads = 0;

  constructor(options: MockOptions) {
    this.kind = options.kind;
    this.#options = options;
  }

  /** Ids of all requests that were ever taken. */
  get taken(): string[] {
    return this.batches.flatMap(({ requests }) => requests.map(({ id }) => id));
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== ORIGINS[this.kind]) throw new Error(`${request.url} was asked`);
    return await this.handle(request);
  };

  async handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    this.log.push(`${request.method} ${pathname}${search}`);
    const given = { openai: 'authorization', anthropic: 'x-api-key', google: 'x-goog-api-key' }[this.kind];
    const key = request.headers.get(given)?.replace('Bearer ', '');
    if (key !== KEY) return Response.json({ error: { message: `wrong key ${key}` } }, { status: 401 });
    if (this.kind === 'anthropic' && request.headers.get('anthropic-version') !== '2023-06-01')
      return Response.json({ error: { message: 'no version' } }, { status: 400 });
    switch (this.kind) {
      case 'openai':
        return await this.#openAi(request, pathname);
      case 'anthropic':
        return await this.#anthropic(request, pathname);
      default:
        return await this.#google(request, pathname);
    }
  }

  async #take(
    requests: MockBatch['requests'],
    { id, token, file = null }: { readonly id: string; readonly token: string | null; readonly file?: string | null },
  ): Promise<MockBatch | Response> {
    const batch = { id, token, file, requests, number: this.batches.length, looks: 0, cancelled: false, ended: false };
    this.batches.push(batch);
    return (await this.#options.taken?.(this.batches.length)) ?? batch;
  }

  #look(batch: MockBatch): void {
    batch.looks++;
    if (batch.cancelled || batch.looks > (this.#options.polls ?? 0)) batch.ended = true;
  }

  #outcomes(batch: MockBatch) {
    const answer = this.#options.answer ?? (() => ({ text: 'A' }));
    return batch.requests.map(request => ({
      id: request.id,
      outcome: batch.cancelled ? ('expired' as const) : answer({ ...request, batch: batch.number }),
    }));
  }

  #send(lines: readonly string[]): Response {
    const body = this.#options.results?.(lines, ++this.#downloads) ?? lines.map(line => `${line}\n`).join('');
    return new Response(body, { headers: { 'content-type': 'application/x-jsonl' } });
  }

  #show(batch: Readonly<Record<string, unknown>>): Response {
    return Response.json(this.#options.show?.(batch) ?? batch);
  }

  async #openAi(request: Request, path: string): Promise<Response> {
    if (path === '/v1/files' && request.method === 'POST') {
      const form = await request.formData();
      const file = form.get('file');
      if (form.get('purpose') !== 'batch' || !(file instanceof File)) return Response.json({}, { status: 400 });
      const id = `file-${this.files.size + this.deleted.length}`;
      this.files.set(id, await file.text());
      return Response.json({ id, object: 'file', filename: file.name });
    }
    const content = /^\/v1\/files\/([^/]+)(\/content)?$/.exec(path);
    if (content !== null) {
      const [, id = '', wanted] = content;
      if (request.method === 'DELETE') {
        this.deleted.push(id);
        this.files.delete(id);
        return Response.json({ id, deleted: true });
      }
      const batch = this.batches.find(one => id.endsWith(one.id));
      if (wanted === undefined || batch === undefined)
        return Response.json({ error: { message: 'no' } }, { status: 404 });
      return this.#send(this.#openAiLines(batch, id.startsWith('errors')));
    }
    if (path === '/v1/batches' && request.method === 'POST') {
      const body = z
        .strictObject({
          input_file_id: z.string(),
          endpoint: z.literal('/v1/chat/completions'),
          completion_window: z.literal('24h'),
          metadata: z.strictObject({ biolens: z.string() }),
        })
        .parse(await request.json());
      const text = this.files.get(body.input_file_id) ?? '';
      const requests = text
        .trim()
        .split('\n')
        .map(line => {
          const { custom_id: id, body: asked } = openAiLine.parse(JSON.parse(line));
          return { id, body: asked };
        });
      const taken = await this.#take(requests, {
        id: `batch_${this.batches.length}`,
        token: body.metadata.biolens,
        file: body.input_file_id,
      });
      return taken instanceof Response ? taken : this.#show(this.#openAiBatch(taken));
    }
    if (path === '/v1/batches')
      return Response.json({
        data: [...this.batches].reverse().map(batch => this.#openAiBatch(batch)),
        has_more: false,
      });
    const [, id = '', verb] = /^\/v1\/batches\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
    const batch = this.batches.find(one => one.id === id);
    if (batch === undefined) return Response.json({ error: { message: 'no such batch' } }, { status: 404 });
    if (verb !== undefined) batch.cancelled = true;
    else this.#look(batch);
    return this.#show(this.#openAiBatch(batch));
  }

  #openAiBatch(batch: MockBatch) {
    const { id, token, file, ended, cancelled, requests } = batch;
    return {
      id,
      object: 'batch',
      status: ended ? (cancelled ? 'cancelled' : 'completed') : 'in_progress',
      metadata: { biolens: token },
      input_file_id: file,
      output_file_id: ended ? `output-${id}` : null,
      error_file_id: ended ? `errors-${id}` : null,
      errors: null,
      request_counts: { total: requests.length, completed: ended ? requests.length : 0, failed: 0 },
    };
  }

  #openAiLines(batch: MockBatch, errors: boolean): string[] {
    return this.#outcomes(batch).flatMap(({ id, outcome }) => {
      if (outcome === 'missing') return [];
      const failed = outcome === 'expired' || 'error' in outcome;
      if (failed !== errors) return [];
      const line = { id: `r-${id}`, custom_id: id };
      if (outcome === 'expired')
        return [JSON.stringify({ ...line, response: null, error: { code: 'batch_expired', message: 'too late' } })];
      if ('error' in outcome)
        return [
          JSON.stringify({
            ...line,
            response: { status_code: outcome.error.status, body: { error: { message: outcome.error.message } } },
            error: null,
          }),
        ];
      const body = {
        id: 'chatcmpl-1',
        model: 'gpt-test-1',
        choices: [{ index: 0, message: { role: 'assistant', content: outcome.text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 64 } },
      };
      return [JSON.stringify({ ...line, response: { status_code: 200, body }, error: null })];
    });
  }

  async #anthropic(request: Request, path: string): Promise<Response> {
    const root = '/v1/messages/batches';
    if (path === root && request.method === 'POST') {
      const { requests } = anthropicBody.parse(await request.json());
      const taken = await this.#take(
        requests.map(({ custom_id: id, params }) => ({ id, body: params })),
        { id: `msgbatch_${this.batches.length}`, token: null },
      );
      return taken instanceof Response ? taken : this.#show(this.#anthropicBatch(taken));
    }
    for (const batch of path === root ? this.batches : []) this.#look(batch);
    if (path === root)
      return Response.json({
        data: [...this.batches].reverse().map(batch => this.#anthropicBatch(batch)),
        has_more: false,
      });
    const [, id = '', verb] = /^\/v1\/messages\/batches\/([^/]+)(\/\w+)?$/.exec(path) ?? [];
    const batch = this.batches.find(one => one.id === id);
    if (batch === undefined) return Response.json({ error: { message: 'no such batch' } }, { status: 404 });
    if (request.method === 'DELETE') {
      this.deleted.push(id);
      return Response.json({ id, type: 'message_batch_deleted' });
    }
    if (verb === '/results') return this.#send(this.#anthropicLines(batch));
    if (verb === '/cancel') batch.cancelled = true;
    else this.#look(batch);
    return this.#show(this.#anthropicBatch(batch));
  }

  #anthropicBatch({ id, ended, requests, cancelled }: MockBatch) {
    return {
      id,
      type: 'message_batch',
      processing_status: ended ? 'ended' : cancelled ? 'canceling' : 'in_progress',
      created_at: new Date().toISOString(),
      request_counts: {
        processing: ended ? 0 : requests.length,
        succeeded: ended ? requests.length : 0,
        errored: 0,
        canceled: 0,
        expired: 0,
      },
      results_url: ended ? `https://api.anthropic.com/v1/messages/batches/${id}/results` : null,
    };
  }

  #anthropicLines(batch: MockBatch): string[] {
    const types: Record<number, string> = {
      400: 'invalid_request_error',
      429: 'rate_limit_error',
      500: 'api_error',
      401: 'authentication_error',
    };
    return this.#outcomes(batch).flatMap(({ id, outcome }) => {
      if (outcome === 'missing') return [];
      if (outcome === 'expired') return [JSON.stringify({ custom_id: id, result: { type: 'expired' } })];
      if ('error' in outcome) {
        const error = { type: types[outcome.error.status], message: outcome.error.message };
        return [JSON.stringify({ custom_id: id, result: { type: 'errored', error: { type: 'error', error } } })];
      }
      const message = {
        id: 'msg_1',
        model: 'claude-test-1',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: outcome.text },
        ],
        stop_reason: 'end_turn',
        usage: { input_tokens: 30, output_tokens: 10, cache_creation_input_tokens: 6, cache_read_input_tokens: 64 },
      };
      return [JSON.stringify({ custom_id: id, result: { type: 'succeeded', message } })];
    });
  }

  async #google(request: Request, path: string): Promise<Response> {
    if (path === '/v1beta/models/gemini-test:batchGenerateContent') {
      const { batch } = googleBody.parse(await request.json());
      const taken = await this.#take(
        batch.inputConfig.requests.requests.map(({ request: body, metadata }) => ({ id: metadata.key, body })),
        { id: `batches/b${this.batches.length}`, token: batch.displayName },
      );
      return taken instanceof Response ? taken : this.#show(this.#googleBatch(taken, false));
    }
    if (path === '/v1beta/batches')
      return Response.json({ operations: this.batches.map(batch => this.#googleBatch(batch, false)) });
    const [, id = '', verb] = /^\/v1beta\/(batches\/[^:]+)(:cancel)?$/.exec(path) ?? [];
    const batch = this.batches.find(one => one.id === id);
    if (batch === undefined) return Response.json({ error: { code: 404, message: 'no such batch' } }, { status: 404 });
    if (request.method === 'DELETE') {
      this.deleted.push(id);
      return Response.json({});
    }
    if (verb === ':cancel') {
      batch.cancelled = true;
      return Response.json({});
    }
    this.#look(batch);
    return this.#show(this.#googleBatch(batch, true));
  }

  #googleBatch(batch: MockBatch, whole: boolean) {
    const { id, token, ended, cancelled, requests } = batch;
    const items = this.#outcomes(batch).flatMap(({ id: key, outcome }): unknown[] => {
      if (outcome === 'missing' || outcome === 'expired') return [];
      const metadata = { key };
      if ('error' in outcome) {
        const codes: Record<number, number> = { 400: 3, 429: 8, 500: 13, 401: 16 };
        return [{ metadata, error: { code: codes[outcome.error.status], message: outcome.error.message } }];
      }
      const response = {
        candidates: [
          {
            content: { parts: [{ text: 'hm', thought: true }, { text: outcome.text }], role: 'model' },
            finishReason: 'STOP',
          },
        ],
        usageMetadata: {
          promptTokenCount: 100,
          candidatesTokenCount: 7,
          thoughtsTokenCount: 3,
          cachedContentTokenCount: 64,
        },
        modelVersion: 'gemini-test-1',
      };
      return [{ metadata, response }];
    });
    return {
      name: id,
      metadata: {
        state: ended ? (cancelled ? 'BATCH_STATE_CANCELLED' : 'BATCH_STATE_SUCCEEDED') : 'BATCH_STATE_RUNNING',
        displayName: token,
        batchStats: {
          requestCount: String(requests.length),
          successfulRequestCount: ended ? String(requests.length) : '0',
        },
      },
      ...(ended && whole ? { done: true, response: { inlinedResponses: { inlinedResponses: items } } } : {}),
    };
  }
}

/** The provider behind a port of this machine; `fetch` in another process has to lead there. */
export async function serveMock(provider: MockProvider): Promise<{ readonly base: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const pieces: Uint8Array[] = [];
      for await (const piece of request) pieces.push(piece);
      const body = Buffer.concat(pieces);
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers))
        if (typeof value === 'string') headers.set(name, value);
      const method = request.method ?? 'GET';
      const answer = await provider.handle(
        new Request(`http://mock${request.url}`, { method, headers, ...(method === 'POST' ? { body } : {}) }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    })().catch(error => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    base: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
