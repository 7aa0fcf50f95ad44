import { BiolensError, type ErrorCode } from '../../ground/errors.ts';

/**
 * Why a model gave no reply.
 *
 * - `rate-limited`: too many requests; `retryAfterMs` says how long to wait, where the server does.
 * - `quota`: the account is out of money or of its daily allowance; waiting a moment does not help.
 * - `server`: the server failed (5xx).
 * - `timeout`: no full reply in time.
 * - `network`: the connection failed or broke off half-way.
 * - `malformed`: a reply came that is not what the protocol promises.
 * - `unauthorised`: the key is missing, wrong or not allowed to do this.
 * - `not-found`: no such model or address.
 * - `bad-request`: the server does not accept the request as it is.
 * - `context-too-long`: the prompt with its images exceeds what the model or the server takes.
 */
export type ModelErrorKind =
  | 'rate-limited'
  | 'quota'
  | 'server'
  | 'timeout'
  | 'network'
  | 'malformed'
  | 'unauthorised'
  | 'not-found'
  | 'bad-request'
  | 'context-too-long';

const TRANSIENT: ReadonlySet<ModelErrorKind> = new Set(['rate-limited', 'server', 'timeout', 'network', 'malformed']);
const FATAL: ReadonlySet<ModelErrorKind> = new Set(['unauthorised', 'not-found', 'quota']);

const CODES: Readonly<Record<ModelErrorKind, ErrorCode>> = {
  'rate-limited': 'external',
  quota: 'external',
  server: 'external',
  timeout: 'external',
  network: 'external',
  malformed: 'external',
  unauthorised: 'input',
  'not-found': 'input',
  'bad-request': 'input',
  'context-too-long': 'input',
};

export interface ModelErrorOptions {
  /** HTTP status, where there was one. */
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The start of what the server sent, for people to read. */
  readonly body?: string | undefined;
  readonly cause?: unknown;
}

/** A request that got no usable reply. */
export class ModelError extends BiolensError {
  readonly kind: ModelErrorKind;
  readonly status: number | null;
  /** How long the server asks to wait, in milliseconds; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(kind: ModelErrorKind, message: string, options: ModelErrorOptions = {}) {
    const status = options.status ?? null;
    const retryAfterMs = options.retryAfterMs ?? null;
    const body = options.body === undefined ? {} : { body: options.body };
    super(CODES[kind], message, { details: { kind, status, retryAfterMs, ...body }, cause: options.cause });
    this.name = 'ModelError';
    this.kind = kind;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed a little later. */
  get transient(): boolean {
    return TRANSIENT.has(this.kind);
  }

  /** Whether every other request would fail the same way, so that a run had better stop at once. */
  get fatal(): boolean {
    return FATAL.has(this.kind);
  }
}
