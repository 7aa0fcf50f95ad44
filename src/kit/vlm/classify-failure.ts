import type { ModelErrorKind } from './model-error.ts';
import { tryParseJson } from './parse-json.ts';
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
export function classifyFailure({ status, headers, body: whole }: FailedResponse, nowMs: number): Failure {
  const body = whole.slice(0, ERROR_BYTES);
  const message = isRedirect(status) ? REDIRECTED : readServerMessage(body) || `HTTP status ${status}`;
  return {
    kind: kindOf(status, body),
    message,
    retryAfterMs: readRetryAfter(headers, body, nowMs),
  };
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400;
const REDIRECTED =
  'the server redirects to another address, which is not followed: give the address that answers itself';

function kindOf(status: number, body: string): Failure['kind'] {
  if (status === 402) return 'quota';
  if (status === 429) return OUT_OF_MONEY.test(body) && !/retryDelay/.test(body) ? 'quota' : 'rate-limited';
  if (status === 408) return 'timeout';
  if (status >= 500) return 'server';
  if (status === 413) return 'context-too-long';
  if (status === 401) return 'unauthorised';
  if (status === 403) return BLOCKED.test(body) && !WRONG_KEY.test(body) ? 'blocked' : 'unauthorised';
  if (status === 404 || isRedirect(status)) return 'not-found';
  if (TOO_LONG.test(body)) return 'context-too-long';
  if (WRONG_KEY.test(body)) return 'unauthorised';
  if (BLOCKED.test(body)) return 'blocked';
  return 'bad-request';
}

/** The human sentence in an error body, whatever its shape, as one line of at most 300 characters. */
export function readServerMessage(body: string): string {
  const start = body.slice(0, ERROR_BYTES);
  return oneLine(messageIn(tryParseJson(start)) ?? withoutTags(start), 300);
}

/** Parts of a page that are no words for people. */
const SILENT = ['script', 'style'] as const;

/** The words of a page: each tag, and all that is inside scripts and styles, becomes a blank. One pass. */
function withoutTags(page: string): string {
  const lower = page.toLowerCase();
  const words: string[] = [];
  let at = 0;
  while (at < page.length) {
    const open = page.indexOf('<', at);
    if (open < 0) break;
    words.push(page.slice(at, open), ' ');
    const silent = SILENT.find(name => lower.startsWith(name, open + 1));
    const from = silent === undefined ? open : lower.indexOf(`</${silent}`, open);
    const close = from < 0 ? -1 : page.indexOf('>', from);
    // A tag that never ends leaves no words after it.
    if (close < 0) return words.join('');
    at = close + 1;
  }
  return words.join('') + page.slice(at);
}

/** Looks where servers put it: `error.message`, `error`, `message`, `detail`, `detail[0].msg`, and lists of these. */
function messageIn(value: unknown, level = 0): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || level > MOST_LEVELS) return undefined;
  if (Array.isArray(value)) return messageIn(value[0], level + 1);
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const name of ['error', 'message', 'detail', 'msg']) {
    const found = messageIn(fields.get(name), level + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Levels down to which a message is looked for. */
const MOST_LEVELS = 8;

/** The part of a body that is looked at. */
export const ERROR_BYTES = 64 * 1024;

/** Text made safe to show in one line: control characters and runs of white space become one blank. */
export function oneLine(text: string, maxLength: number): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`;
}
