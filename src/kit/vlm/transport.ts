import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../ground/errors.ts';
import { ERROR_BYTES } from './classify-failure.ts';
import { ModelError } from './model-error.ts';
import type { ResponseHeaders } from './retry-after.ts';

export interface HttpReply {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: string;
}

/** ASCII text, or bytes whose base64 is to stand in its place. */
export type BodyPart = string | Uint8Array;

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent one after another. */
  readonly body: readonly BodyPart[];
  readonly signal: AbortSignal;
  /** Longest reply, after decompression; by default {@link MOST_REPLY_BYTES}. A stream may be {@link STREAM_FACTOR} times as long. */
  readonly mostBytes?: number | undefined;
}

/**
 * Sends one POST request and reads the whole answer. Redirects are not followed: the reply that asks for one is the answer. Of an error no more
 * than the start is read.
 */
export interface Transport {
  /**
   * @throws {ModelError} `network`, or `malformed` where the reply is longer than it may be or cannot be decompressed
   * @throws what `signal` was aborted with
   */
  post(url: URL, options: PostOptions): Promise<HttpReply>;
  close(): void;
}

/** A chat reply is a few kilobytes; what is longer than this, decompressed, is something else. */
export const MOST_REPLY_BYTES = 1024 * 1024;
/** A stream wraps every few characters in a few hundred. */
export const STREAM_FACTOR = 4;
/** Read of an error body beyond what is looked at, so that no key is cut in two before it is taken out. */
const MARGIN_BYTES = 4 * 1024;

/**
 * A transport over node:http with connections kept open.
 *
 * Measured beside the built-in fetch on requests with two images of 40 kB each: 0.2 ms of processor time a request
 * against 1.2 ms, and a quarter of the memory, since the images' base64 goes to the socket piece by piece, through
 * buffers that are used again.
 */
export function createNodeTransport(): Transport {
  const writePart = createPartWriter();
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }),
  };

  const send = (url: URL, options: PostOptions, ownConnection = false): Promise<HttpReply> =>
    new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const request: ClientRequest = (secure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: ownConnection ? false : secure ? agents.https : agents.http,
        headers: { ...options.headers, 'content-length': bodyLength(options.body), 'accept-encoding': 'identity' },
      });
      const stop = (): void => {
        request.destroy();
        reject(options.signal.reason);
      };
      options.signal.addEventListener('abort', stop, { once: true });
      const settle = (finish: () => void): void => {
        options.signal.removeEventListener('abort', stop);
        finish();
      };
      request.on('error', error => {
        const stale = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
        settle(() => reject(stale ? new StaleConnection(error.message, { cause: error }) : error));
      });
      let answered = false;
      request.on('response', response => {
        answered = true;
        readNode(response, options).then(
          ({ body, whole }) => {
            // What is left of a reply that was read in part must not be taken for the next one.
            if (!whole) request.destroy();
            settle(() => resolve({ status: response.statusCode ?? 0, headers: flatten(response), body }));
          },
          error => {
            request.destroy();
            settle(() => reject(error));
          },
        );
      });
      // A connection may end without an answer and without an error, such as when the server speaks another protocol from then on.
      request.on('close', () => {
        if (!answered) settle(() => reject(new Error('the connection was closed without an answer')));
      });
      for (const part of options.body) writePart(request, part);
      request.end();
    });

  return {
    async post(url, options) {
      options.signal.throwIfAborted();
      try {
        return await send(url, options).catch(error => {
          // A server may close an idle connection at the very moment we reuse it; that says nothing about this request.
          if (error instanceof StaleConnection && !options.signal.aborted) return send(url, options, true);
          throw error;
        });
      } catch (error) {
        if (options.signal.aborted || error instanceof ModelError) throw error;
        throw networkError(error, url);
      }
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** A multiple of three, so that only the last piece is padded. */
const BASE64_STEP = 12 * 1024;
const SCRATCH_BYTES = 4 * BASE64_STEP;

/**
 * Writes body parts to requests. Base64 goes through scratch buffers that are taken back once the socket has them: as
 * strings, the texts of images outlive young collections and made a run of 5,000 questions peak 100 MB higher.
 */
function createPartWriter(): (request: ClientRequest, part: BodyPart) => void {
  const free: Buffer[] = [];
  return (request, part) => {
    if (typeof part === 'string') {
      request.write(part, 'latin1');
      return;
    }
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    let at = 0;
    while (at < bytes.length) {
      const scratch = free.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      let filled = 0;
      while (at < bytes.length && filled < SCRATCH_BYTES) {
        filled += scratch.write(bytes.toString('base64', at, at + BASE64_STEP), filled, 'latin1');
        at += BASE64_STEP;
      }
      request.write(scratch.subarray(0, filled), () => free.push(scratch));
    }
  };
}

/** Length in bytes. */
export function bodyLength(parts: readonly BodyPart[]): number {
  return parts.reduce(
    (sum, part) => sum + (typeof part === 'string' ? part.length : 4 * Math.ceil(part.length / 3)),
    0,
  );
}

/** The body as one text. */
export function bodyText(parts: readonly BodyPart[]): string {
  return parts.map(part => (typeof part === 'string' ? part : Buffer.from(part).toString('base64'))).join('');
}

/** A transport over any function that behaves like `fetch`. */
export function createFetchTransport(fetch: typeof globalThis.fetch): Transport {
  return {
    async post(url, { headers, body, signal, mostBytes }) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...headers },
          body: bodyText(body),
          signal,
          redirect: 'manual',
        });
        return await readFetched(response, mostBytes);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof ModelError) throw error;
        throw networkError(error, url);
      }
    },
    close() {},
  };
}

/** Reads an answer of `fetch`: all of it, or the start of an error. @throws {ModelError} `malformed` where it is longer than it may be */
export async function readFetched({ status, headers, body }: Response, mostBytes?: number): Promise<HttpReply> {
  const given = Object.fromEntries(headers);
  const read = body === null ? '' : (await readUpTo(body, limitFor(status, { headers: given, mostBytes }))).body;
  return { status, headers: given, body: read };
}

/** Says which server could not be reached and why, without the path. */
export function networkError(error: unknown, url: URL): ModelError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = code === 'ECONNREFUSED' ? 'nothing listens there' : text || code || 'the connection failed';
  return new ModelError('network', `${url.origin}: ${reason}`, { cause: error });
}

/** A connection kept open from an earlier request was closed before this one was answered. */
class StaleConnection extends Error {}

interface Limit {
  readonly bytes: number;
  /** Whether what is longer is cut off instead of refused. */
  readonly cut: boolean;
  readonly stream: boolean;
}

function limitFor(
  status: number,
  {
    headers,
    mostBytes = MOST_REPLY_BYTES,
  }: { readonly headers: ResponseHeaders; readonly mostBytes?: number | undefined },
): Limit {
  if (status < 200 || status >= 300) return { bytes: ERROR_BYTES + MARGIN_BYTES, cut: true, stream: false };
  const stream = (headers['content-type'] ?? '').toLowerCase().includes('text/event-stream');
  return { bytes: stream ? mostBytes * STREAM_FACTOR : mostBytes, cut: false, stream };
}

const DECOMPRESSORS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Reads an answer, decompressed where it comes compressed although that was not asked for. */
async function readNode(
  response: IncomingMessage,
  { mostBytes }: Pick<PostOptions, 'mostBytes'>,
): Promise<{ readonly body: string; readonly whole: boolean }> {
  const limit = limitFor(response.statusCode ?? 0, { headers: flatten(response), mostBytes });
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return readUpTo(response, limit);
  const open = DECOMPRESSORS.get(encoding);
  if (open === undefined) throw new ModelError('malformed', `the reply is compressed as "${encoding.slice(0, 40)}"`);
  const decompressed = response.pipe(open());
  response.on('error', error => decompressed.destroy(error));
  try {
    return await readUpTo(decompressed, limit);
  } catch (error) {
    if (error instanceof ModelError || response.errored !== null) throw error;
    throw new ModelError('malformed', `the reply cannot be decompressed: ${messageOf(error)}`, { cause: error });
  } finally {
    response.unpipe();
  }
}

/** The last event of a stream, after which some servers keep the connection open. */
const STREAM_END = /(?:^|[\r\n])data: ?\[DONE\]\s*$/;

async function readUpTo(
  source: AsyncIterable<unknown>,
  { bytes: most, cut, stream }: Limit,
): Promise<{ readonly body: string; readonly whole: boolean }> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let tail = '';
  for await (const piece of source) {
    if (!(piece instanceof Uint8Array)) continue;
    bytes += piece.length;
    pieces.push(piece);
    if (bytes > most) {
      if (!cut) throw new ModelError('malformed', `the reply is longer than ${most.toLocaleString('en-US')} bytes`);
      return { body: Buffer.concat(pieces).subarray(0, most).toString('utf8'), whole: false };
    }
    if (!stream) continue;
    tail = (tail + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')).slice(-40);
    if (STREAM_END.test(tail)) return { body: Buffer.concat(pieces).toString('utf8'), whole: false };
  }
  return { body: Buffer.concat(pieces).toString('utf8'), whole: true };
}

function flatten(response: IncomingMessage): ResponseHeaders {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
