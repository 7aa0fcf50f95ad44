import type { z } from 'zod';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import type { AuditEntry } from './audit.ts';
import { LimitedError } from './errors.ts';
import {
  type Exported,
  enrollAnswerSchema,
  errorAnswerSchema,
  exportedSchema,
  healthAnswerSchema,
  identifyAnswerSchema,
  rekeyAnswerSchema,
  revokeAnswerSchema,
  verifyAnswerSchema,
} from './schemas.ts';

export interface GalleryClientOptions {
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof fetch;
  /** How often a request that makes no difference when repeated is tried again where the gallery cannot be reached. Default 5. */
  readonly retries?: number;
  readonly wait?: (ms: number) => Promise<void>;
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * Asks a gallery over HTTP. Requests that change something carry what makes a repetition harmless, and are repeated when the connection
 * breaks; attempts to match count each, and are not.
 *
 * @example
 * const gallery = new GalleryClient({ url: 'https://gallery.example', token });
 * await gallery.enroll('anna', embedding);
 * const { accepted } = await gallery.verify('anna', other);
 */
export class GalleryClient {
  readonly #options: GalleryClientOptions;

  constructor(options: GalleryClientOptions) {
    this.#options = options;
  }

  /** @param idempotencyKey the same one makes no second template, also after a restart of this program; a fresh one by default */
  enroll(
    subject: string,
    embedding: ArrayLike<number>,
    { idempotencyKey = crypto.randomUUID(), ...options }: CallOptions & { readonly idempotencyKey?: string } = {},
  ): Promise<z.output<typeof enrollAnswerSchema>> {
    const body = { subject, embedding: Array.from(embedding), idempotencyKey };
    return this.#ask('enroll', enrollAnswerSchema, { body, repeat: true, ...options });
  }

  /** @throws {LimitedError} after too many rejected attempts */
  verify(
    subject: string,
    embedding: ArrayLike<number>,
    options: CallOptions = {},
  ): Promise<z.output<typeof verifyAnswerSchema>> {
    return this.#ask('verify', verifyAnswerSchema, { body: { subject, embedding: Array.from(embedding) }, ...options });
  }

  /** @throws {LimitedError} after too many rejected attempts */
  identify(
    embedding: ArrayLike<number>,
    { top = 1, ...options }: CallOptions & { readonly top?: number } = {},
  ): Promise<z.output<typeof identifyAnswerSchema>> {
    return this.#ask('identify', identifyAnswerSchema, { body: { embedding: Array.from(embedding), top }, ...options });
  }

  revoke(
    subject: string,
    { template, ...options }: CallOptions & { readonly template?: string } = {},
  ): Promise<z.output<typeof revokeAnswerSchema>> {
    const body = template === undefined ? { subject } : { subject, template };
    return this.#ask('revoke', revokeAnswerSchema, { body, repeat: true, ...options });
  }

  rekey(options: CallOptions = {}): Promise<z.output<typeof rekeyAnswerSchema>> {
    return this.#ask('rekey', rekeyAnswerSchema, { body: {}, repeat: true, ...options });
  }

  rekeying(options: CallOptions = {}): Promise<z.output<typeof rekeyAnswerSchema>> {
    return this.#ask('rekey', rekeyAnswerSchema, { repeat: true, ...options });
  }

  health(options: CallOptions = {}): Promise<z.output<typeof healthAnswerSchema>> {
    return this.#ask('health', healthAnswerSchema, options);
  }

  /** The metrics in the text form of Prometheus. */
  async metrics({ signal }: CallOptions = {}): Promise<string> {
    return (await this.#send('metrics', { signal })).text();
  }

  /** The audit log after an entry; `checkAudit` checks it. */
  async audit(after = 0, { signal }: CallOptions = {}): Promise<readonly AuditEntry[]> {
    const answer = (await (await this.#send(`audit?after=${after}`, { signal })).json()) as {
      readonly entries: AuditEntry[];
    };
    return answer.entries;
  }

  /** All templates, sealed, one after another. */
  async *export({ signal }: CallOptions = {}): AsyncGenerator<Exported> {
    const { body } = await this.#send('export', { signal });
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of body ?? []) {
      const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield exportedSchema.parse(JSON.parse(line));
    }
    if (rest !== '') throw new BiolensError('external', 'the export ended within a line');
  }

  async #ask<S extends z.ZodType>(
    path: string,
    schema: S,
    { body, repeat = false, signal }: CallOptions & { readonly body?: unknown; readonly repeat?: boolean },
  ): Promise<z.output<S>> {
    const { retries = 5, wait = sleep } = this.#options;
    for (let tried = 0; ; tried++) {
      try {
        const answer = schema.safeParse(await (await this.#send(path, { body, signal })).json());
        if (!answer.success) throw new BiolensError('external', `${path}: an answer of another form`);
        return answer.data;
      } catch (error) {
        const again = error instanceof BiolensError && error.code === 'external' && repeat;
        if (!again || tried >= retries || signal?.aborted) throw error;
        await wait(Math.min(5000, 100 * 2 ** tried));
      }
    }
  }

  async #send(path: string, { body, signal }: CallOptions & { readonly body?: unknown }): Promise<Response> {
    const { url, token, fetch: send = fetch } = this.#options;
    const response = await send(`${url}/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch(error => {
      throw new BiolensError('external', `${url}: ${messageOf(error)}`, { cause: error });
    });
    if (response.ok) return response;
    const failed = errorAnswerSchema.safeParse(await response.json().catch(() => null));
    if (!failed.success) throw new BiolensError('external', `${url}: status ${response.status}`);
    const { code, message, retryAfterMs } = failed.data.error;
    if (code === 'limited') throw new LimitedError(retryAfterMs ?? 0);
    throw new BiolensError(code === 'unavailable' ? 'external' : 'input', message);
  }
}
