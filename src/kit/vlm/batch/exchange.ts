import type { z } from 'zod';
import { classifyFailure } from '../classify-failure.ts';
import { redactReply } from '../clean-reply.ts';
import { ModelError } from '../model-error.ts';
import { parseJson, whyUnparsed } from '../parse-json.ts';
import type { Redactor } from '../redact.ts';
import {
  type BodyPart,
  createFetchTransport,
  createNodeTransport,
  type HttpReply,
  networkError,
  readFetched,
  type Transport,
} from '../transport.ts';
import { type LineLimits, readLines } from './read-lines.ts';

export interface ExchangeOptions {
  /** Nothing is sent to another origin. */
  readonly baseUrl: URL;
  /** Sent with every request, the key among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly redactor: Redactor;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

export interface JsonOptions {
  readonly signal: AbortSignal;
  readonly mostBytes?: number | undefined;
}

/** What the client of a provider is made of. */
export interface BatchAccess {
  readonly id: string;
  readonly model: string;
  readonly exchange: Exchange;
  readonly redactor: Redactor;
  /** The path of the interface, such as `/v1`. */
  readonly basePath: string;
}

/** The requests that the batch interfaces are made of; redirects are not followed, and replies have limits. */
export interface Exchange {
  /** @throws {ModelError} `malformed` for an address of another origin */
  urlOf(path: string): URL;
  post<T>(url: URL, body: readonly BodyPart[], options: PostedJson<T>): Promise<T>;
  get<T>(url: URL, schema: z.ZodType<T>, options: JsonOptions): Promise<T>;
  /** A file line by line; null for a line longer than it may be. */
  lines(url: URL, options: LinesOptions): AsyncGenerator<string | null>;
  /** Nothing there to delete is as good as deleted. */
  remove(url: URL, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface PostedJson<T> extends JsonOptions {
  /** JSON by default. */
  readonly contentType?: string | undefined;
  readonly schema: z.ZodType<T>;
}

export interface LinesOptions extends LineLimits {
  readonly signal: AbortSignal;
}

/** A file of results that is still not here after this long comes too slowly to be waited for. */
const LONGEST_DOWNLOAD_MS = 30 * 60 * 1000;
const LONGEST_REQUEST_MS = 180_000;
/** Uploads take their time. */
const LONGEST_UPLOAD_MS = 15 * 60 * 1000;

function within(signal: AbortSignal, milliseconds: number): AbortSignal {
  const late = AbortSignal.timeout(milliseconds);
  return AbortSignal.any([signal, late]);
}

/** A time that ran out as an error of the server; what the caller ended is passed on. */
function explain(error: unknown, { signal, url }: { readonly signal: AbortSignal; readonly url: URL }): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ModelError) return error;
  if (error instanceof Error && error.name === 'TimeoutError')
    return new ModelError('timeout', `${url.origin}: no full reply in time`);
  return networkError(error, url);
}

/** Opens the way to a provider's batch interface. */
export function createExchange({ baseUrl, headers, redactor, fetch }: ExchangeOptions): Exchange {
  const transport: Transport = fetch === undefined ? createNodeTransport() : createFetchTransport(fetch);
  const send = fetch ?? globalThis.fetch;
  const own = { ...headers, accept: 'application/json', 'user-agent': 'biolens' };

  const failure = (given: HttpReply): ModelError => {
    const reply = redactReply(given, redactor);
    const { kind, message, retryAfterMs } = classifyFailure(reply, Date.now());
    const of = kind === 'blocked' ? 'bad-request' : kind;
    return new ModelError(of, `${message} (HTTP ${reply.status})`, { status: reply.status, retryAfterMs });
  };

  function read<T>(given: HttpReply, schema: z.ZodType<T>): T {
    if (given.status < 200 || given.status >= 300) throw failure(given);
    const reply = redactReply(given, redactor);
    let json: unknown;
    try {
      json = parseJson(reply.body);
    } catch (error) {
      throw new ModelError('malformed', `the reply of the batch interface cannot be read: ${whyUnparsed(error)}`, {
        status: reply.status,
      });
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'the whole' : `"${issue.path.join('.')}"`;
    throw new ModelError('malformed', `the batch interface is not as published: ${where} ${issue?.message}`, {
      status: reply.status,
    });
  }

  async function open(url: URL, method: 'GET' | 'DELETE', signal: AbortSignal): Promise<Response> {
    return await send(url, { method, headers: own, signal, redirect: 'manual' });
  }

  return {
    urlOf(path) {
      const url = new URL(path, baseUrl);
      if (url.origin === baseUrl.origin && url.username === '' && url.password === '') return url;
      throw new ModelError(
        'malformed',
        `${baseUrl.origin} names results at another address (${url.origin}), which is not asked`,
      );
    },
    async post(url, body, { contentType = 'application/json', schema, signal, mostBytes }) {
      const limited = within(signal, LONGEST_UPLOAD_MS);
      let reply: HttpReply;
      try {
        reply = await transport.post(url, {
          headers: { ...own, 'content-type': contentType },
          body,
          signal: limited,
          mostBytes,
        });
      } catch (error) {
        throw explain(error, { signal, url });
      }
      return read(reply, schema);
    },
    async get(url, schema, { signal, mostBytes }) {
      let reply: HttpReply;
      try {
        reply = await readFetched(await open(url, 'GET', within(signal, LONGEST_REQUEST_MS)), mostBytes);
      } catch (error) {
        throw explain(error, { signal, url });
      }
      return read(reply, schema);
    },
    async *lines(url, { signal, ...limits }) {
      try {
        const response = await open(url, 'GET', within(signal, LONGEST_DOWNLOAD_MS));
        if (!response.ok) throw failure(await readFetched(response));
        for await (const line of readLines(response.body ?? [], limits))
          yield line === null ? null : redactor.text(line);
      } catch (error) {
        throw explain(error, { signal, url });
      }
    },
    async remove(url, signal) {
      try {
        const response = await open(url, 'DELETE', within(signal, LONGEST_REQUEST_MS));
        const reply = await readFetched(response);
        if (!response.ok && response.status !== 404) throw failure(reply);
      } catch (error) {
        throw explain(error, { signal, url });
      }
    },
    close: () => transport.close(),
  };
}

/** Whether a request that failed so may have been carried out nevertheless: the answer was lost, or is no answer. */
export function mayHaveArrived({ kind, status }: ModelError): boolean {
  return kind === 'network' || kind === 'timeout' || kind === 'malformed' || (status !== null && status >= 500);
}
