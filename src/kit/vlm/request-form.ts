import { tryParseJson } from './parse-json.ts';
import type { HttpReply } from './transport.ts';

/**
 * What a request was changed by because the server refuses it otherwise:
 *
 * - `seed`, `logprobs`, `temperature`: sent without it.
 * - `max_completion_tokens`: the longest reply is asked for by that name instead of `max_tokens`.
 * - `max_tokens`: sent without a longest reply, as both names are refused.
 * - `stream`: the reply is asked for, or came, as a stream.
 * - `stream_options`: the stream is asked for without its count of tokens.
 */
export const REQUEST_CHANGES = [
  'seed',
  'logprobs',
  'temperature',
  'max_completion_tokens',
  'max_tokens',
  'stream',
  'stream_options',
] as const;
export type RequestChange = (typeof REQUEST_CHANGES)[number];

/** The fields of a request besides its messages, under the names of the protocol. */
export type Settings = Readonly<Record<string, unknown>>;

/** Fields that a change takes out of a request; Google's are one level down, in `generationConfig`. */
const TAKEN_OUT: Readonly<Partial<Record<RequestChange, readonly string[]>>> = {
  seed: ['seed'],
  logprobs: ['logprobs', 'top_logprobs', 'responseLogprobs'],
  temperature: ['temperature'],
  max_tokens: ['max_tokens', 'max_completion_tokens'],
  stream_options: ['stream_options'],
};

function without(settings: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

/** The settings as they are sent after some changes. */
export function changeSettings(settings: Settings, changes: ReadonlySet<RequestChange>): Settings {
  let changed = settings;
  if (changes.has('stream')) changed = { ...changed, stream: true, stream_options: { include_usage: true } };
  if (changes.has('max_completion_tokens') && changed.max_tokens !== undefined) {
    const { max_tokens, ...rest } = changed;
    changed = { ...rest, max_completion_tokens: max_tokens };
  }
  for (const change of changes) {
    const names = TAKEN_OUT[change] ?? [];
    changed = without(changed, names);
    const { generationConfig: inner } = changed;
    if (typeof inner === 'object' && inner !== null)
      changed = { ...changed, generationConfig: without({ ...inner }, names) };
  }
  return changed;
}

/** Statuses that say nothing of the fields of a request. */
const OTHER_REASONS: ReadonlySet<number> = new Set([401, 402, 404, 408, 413, 429]);
const REFUSAL =
  /support|unrecogni|unknown|unexpected|not allowed|not permitted|extra|deprecat|invalid|only|must|disallow|default|forbid|reject|instead|removed|unavailable|not available|not implemented|cannot|refus|accept|please|enable/i;
/** Where error bodies repeat the request, which names every field. */
const REPEATS: ReadonlySet<string> = new Set(['input', 'ctx', 'body', 'request', 'messages']);
const MOST_LEVELS = 8;

/** All that an error body says, without the parts in which it repeats the request. */
function wordsIn(value: unknown, level = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || level > MOST_LEVELS) return [];
  if (Array.isArray(value)) return value.flatMap(one => wordsIn(one, level + 1));
  return Object.entries(value).flatMap(([name, one]) => (REPEATS.has(name) ? [] : wordsIn(one, level + 1)));
}

/**
 * The change after which a request may be accepted that was turned down; null where the refusal is about something else.
 *
 * @param sent the settings that were turned down
 */
export function changeFor({ status, body }: Pick<HttpReply, 'status' | 'body'>, sent: Settings): RequestChange | null {
  if (status < 400 || OTHER_REASONS.has(status)) return null;
  const json = tryParseJson(body);
  const text = json === undefined ? body : wordsIn(json).join('\n');
  if (!REFUSAL.test(text)) return null;
  const words = new Set((text.match(/[A-Za-z_]+/g) ?? []).map(word => word.toLowerCase()));
  const { generationConfig } = sent;
  const inner = typeof generationConfig === 'object' && generationConfig !== null ? generationConfig : {};
  const has = (name: string): boolean => sent[name] !== undefined || Object.hasOwn(inner, name);
  if (has('max_tokens') && words.has('max_completion_tokens')) return 'max_completion_tokens';
  if (has('stream_options') && words.has('stream_options')) return 'stream_options';
  if (has('seed') && words.has('seed')) return 'seed';
  if (
    (has('logprobs') || has('responseLogprobs')) &&
    ['logprobs', 'top_logprobs', 'responselogprobs'].some(name => words.has(name))
  )
    return 'logprobs';
  if (has('temperature') && words.has('temperature')) return 'temperature';
  if (
    has('max_tokens') &&
    words.has('max_tokens') &&
    /unsupported|not support|unrecogni|unknown|unexpected|extra|not permitted|deprecat/i.test(text)
  )
    return 'max_completion_tokens';
  if (has('max_completion_tokens') && words.has('max_completion_tokens')) return 'max_tokens';
  if (sent.stream !== true && (words.has('stream') || words.has('streaming'))) return 'stream';
  return null;
}

/** More changes than this no server wants. */
const MOST_CHANGES = REQUEST_CHANGES.length;

/** What has been learnt of a server: the changes without which it refuses. */
export class RequestForm {
  readonly #known = new Set<RequestChange>();

  /**
   * Posts a request, and once more after each refusal of one of its fields. Changes that led to a reply are made at once from then on.
   *
   * @param post sends the settings
   */
  async post(
    settings: Settings,
    post: (settings: Settings) => Promise<HttpReply>,
  ): Promise<{ readonly reply: HttpReply; readonly changes: readonly RequestChange[] }> {
    const trial = new Set(this.#known);
    for (let changes = 0; ; changes++) {
      const sent = changeSettings(settings, trial);
      const reply = await post(sent);
      const accepted = reply.status >= 200 && reply.status < 300;
      if (accepted) for (const change of trial) this.#known.add(change);
      const change = accepted || changes >= MOST_CHANGES ? null : changeFor(reply, sent);
      if (change === null || trial.has(change)) return { reply, changes: [...trial] };
      trial.add(change);
    }
  }
}
