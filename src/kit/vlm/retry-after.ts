/** The headers of a reply, names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

/** Longer than this no server means; a stray epoch or typing slip would otherwise park a run for days. */
const MAX_WAIT_MS = 60 * 60 * 1000;

/** Of a duration, and of the name of a header that is looked at. */
const MOST_CHARACTERS = 100;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Reads `1m30.5s`, `200ms` or a plain number of seconds; null for anything else. */
function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed.length > MOST_CHARACTERS) return null;
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) return null;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (UNIT_MS.get(unit ?? '') ?? 0);
  }
  return total;
}

function parseInstant(text: string, nowMs: number): number | null {
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? null : Math.max(0, instant - nowMs);
}

/** Reads an `x-ratelimit-reset` value, which is an epoch in seconds or milliseconds, a duration or a date. */
function parseReset(text: string, nowMs: number): number | null {
  const number = Number(text);
  if (number > 1e12) return Math.max(0, number - nowMs);
  if (number > 1e9) return Math.max(0, number * 1000 - nowMs);
  return parseDuration(text) ?? parseInstant(text, nowMs);
}

/**
 * How long a server asks to wait, in milliseconds, at most an hour; undefined where it does not say.
 *
 * Reads, in this order: `retry-after-ms`; `retry-after` in seconds or as an HTTP date (RFC 9110 §10.2.3); the reset
 * times of those `x-ratelimit-*` and `anthropic-ratelimit-*` allowances that are used up; the `retryDelay` in the body
 * of Google's errors.
 */
export function readRetryAfter(headers: ResponseHeaders, body: string, nowMs: number): number | undefined {
  const wait =
    readRetryAfterHeader(headers, nowMs) ?? readResetHeaders(headers, nowMs) ?? readRetryDelay(body) ?? undefined;
  return wait === undefined ? undefined : Math.min(MAX_WAIT_MS, Math.ceil(wait));
}

function readRetryAfterHeader(headers: ResponseHeaders, nowMs: number): number | null {
  const inMs = headers['retry-after-ms'];
  if (inMs !== undefined && /^\d+(\.\d+)?$/.test(inMs.trim())) return Number(inMs);
  const plain = headers['retry-after'];
  return plain === undefined ? null : (parseDuration(plain) ?? parseInstant(plain, nowMs));
}

/** The longest wait among the allowances with nothing left; a lone reset without a remaining count counts too. */
function readResetHeaders(headers: ResponseHeaders, nowMs: number): number | null {
  let longest: number | null = null;
  for (const [name, value] of Object.entries(headers)) {
    if (name.length > MOST_CHARACTERS) continue;
    const match = /^(x|anthropic)-ratelimit-(?:(.+)-)?reset(?:-(.+))?$/.exec(name);
    if (match === null || value === undefined) continue;
    const [, family, before, after] = match;
    const remaining =
      headers[[family, 'ratelimit', before, 'remaining', after].filter(part => part !== undefined).join('-')];
    if (remaining !== undefined && Number(remaining) > 0) continue;
    const wait = parseReset(value, nowMs);
    if (wait !== null) longest = Math.max(longest ?? 0, wait);
  }
  return longest;
}

function readRetryDelay(body: string): number | null {
  const delay = /"retryDelay"\s*:\s*"([^"]+)"/.exec(body)?.[1];
  return delay === undefined ? null : parseDuration(delay);
}
