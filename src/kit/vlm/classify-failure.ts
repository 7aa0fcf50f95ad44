import type { ModelErrorKind } from './model-error.ts';
import { type ResponseHeaders, readRetryAfter } from './retry-after.ts';

export interface FailedResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: string;
}

export interface Failure {
  /** `blocked`: a filter before or after the model declined, which is an answer of sorts and not an error. */
  readonly kind: ModelErrorKind | 'blocked';
  /** The server's own words, as one line. */
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

const BLOCKED =
  /content[_ -]?(filter|policy|management)|responsible[_ ]?ai|moderation|safety system|flagged|prohibited[_ ]content|blocked by/i;
const TOO_LONG =
  /context[_ ](length|window)|maximum context|max_model_len|too (long|many (input )?tokens)|prompt is too long|exceeds? the (model|maximum|limit|available context)|input token count|string_above_max_length|request_too_large|payload too large|longer than the maximum/i;
const WRONG_KEY = /api[_ -]?key|authenticat|unauthori[sz]ed|permission[_ ]denied/i;
const OUT_OF_MONEY = /insufficient[_ ]quota|billing|credit balance|out of credits|payment|exceeded your current quota/i;

/**
 * Says what kind of failure an HTTP answer is.
 *
 * The status alone does not tell: OpenAI reports an empty account as 429, Azure a content filter as 400, Google a wrong
 * key as 400, OpenRouter moderation as 403.
 *
 * @param nowMs - the time now, to read dates in headers against
 */
export function classifyFailure({ status, headers, body }: FailedResponse, nowMs: number): Failure {
  const message = readServerMessage(body) || `HTTP status ${status}`;
  return {
    kind: kindOf(status, body),
    message,
    retryAfterMs: readRetryAfter(headers, body, nowMs),
  };
}

function kindOf(status: number, body: string): Failure['kind'] {
  if (status === 402) return 'quota';
  if (status === 429) return OUT_OF_MONEY.test(body) && !/retryDelay/.test(body) ? 'quota' : 'rate-limited';
  if (status === 408) return 'timeout';
  if (status >= 500) return 'server';
  if (status === 413) return 'context-too-long';
  if (status === 401) return 'unauthorised';
  if (status === 403) return BLOCKED.test(body) && !WRONG_KEY.test(body) ? 'blocked' : 'unauthorised';
  if (status === 404 || (status >= 300 && status < 400)) return 'not-found';
  if (TOO_LONG.test(body)) return 'context-too-long';
  if (WRONG_KEY.test(body)) return 'unauthorised';
  if (BLOCKED.test(body)) return 'blocked';
  return 'bad-request';
}

/** The human sentence in an error body, whatever its shape, as one line of at most 300 characters. */
export function readServerMessage(body: string): string {
  return oneLine(messageIn(parseJson(body)) ?? body.replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, ' '), 300);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks where servers put it: `error.message`, `error`, `message`, `detail`, `detail[0].msg`, and lists of these. */
function messageIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return messageIn(value[0]);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const name of ['error', 'message', 'detail', 'msg']) {
    if (name in value) {
      const found = messageIn(Object.entries(value).find(([key]) => key === name)?.[1]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Text made safe to show in one line: control characters and runs of white space become one blank. */
export function oneLine(text: string, maxLength: number): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`;
}
