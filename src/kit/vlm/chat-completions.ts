import { z } from 'zod';
import { messageOf } from '../../ground/errors.ts';
import { classifyFailure, readServerMessage } from './classify-failure.ts';
import { cleanReply, redactReply } from './clean-reply.ts';
import { isEventStream, joinEventStream } from './event-stream.ts';
import type {
  ModelRequest,
  Reply,
  ReplyFinish,
  RequestPart,
  TokenLogProbability,
  VisionLanguageModel,
} from './model.ts';
import { ModelError } from './model-error.ts';
import { parseJson } from './parse-json.ts';
import { withoutTrailingSlashes } from './parse-spec.ts';
import { createRedactor } from './redact.ts';
import type { RequestForm, Settings } from './request-form.ts';
import { type BodyPart, type HttpReply, MOST_REPLY_BYTES, type Transport } from './transport.ts';

export interface ChatCompletionsOptions {
  /** What answers are filed under. */
  readonly id: string;
  /** Such as `http://localhost:8000/v1`; `/chat/completions` is added. */
  readonly baseUrl: URL;
  /** The model's name on that server. */
  readonly model: string;
  readonly apiKey?: string | undefined;
  readonly transport: Transport;
  /** What is known of the requests that the server takes. */
  readonly form: RequestForm;
  /** `completion`: the text goes as it is to `/completions`, which base models continue; `chat` by default. */
  readonly api?: EndpointApi | undefined;
}

/** Which of an endpoint's two interfaces is asked. */
export type EndpointApi = 'chat' | 'completion';

/**
 * A model behind the chat-completions protocol that vLLM, SGLang, llama.cpp, Ollama, LM Studio and OpenRouter speak.
 *
 * Does not take part in tool calls: with tools the SDK client is used (see `openModel`).
 */
export function createChatCompletionsModel(options: ChatCompletionsOptions): VisionLanguageModel {
  const { id, transport, form, api = 'chat' } = options;
  const url = new URL(options.baseUrl);
  url.pathname = `${withoutTrailingSlashes(url.pathname)}/${api === 'chat' ? 'chat/completions' : 'completions'}`;
  const redactor = createRedactor(options.apiKey === undefined ? [] : [options.apiKey]);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'biolens',
    ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
  };
  return {
    id,
    async ask(request) {
      const started = performance.now();
      const { signal } = request;
      const mostBytes = replyBytesFor(request);
      const content = api === 'chat' ? encodeMessages(request) : encodePrompt(request);
      const { reply, changes } = await form.post(settingsOf(options.model, request), async settings =>
        redactReply(
          await transport.post(url, { headers, body: encodeBody(settings, content), signal, mostBytes }),
          redactor,
        ),
      );
      const decoded = decodeReply(reply, performance.now() - started);
      return cleanReply({ ...decoded, changes: [...changes, ...(decoded.changes ?? [])] }, redactor);
    },
    close: () => transport.close(),
  };
}

/** Bytes of a token's log-probability, and of each alternative, as servers write them. */
const TOKEN_BYTES = 200;
const MOST_TOKEN_BYTES = 16 * 1024 * 1024;

/** The longest reply to a request: more where it asks for the alternatives of each token. */
export function replyBytesFor({
  maxOutputTokens,
  alternatives = 0,
}: Pick<ModelRequest, 'maxOutputTokens' | 'alternatives'>): number {
  const tokens = alternatives === 0 ? 0 : maxOutputTokens * (alternatives + 1) * TOKEN_BYTES;
  return MOST_REPLY_BYTES + Math.min(MOST_TOKEN_BYTES, tokens);
}

/** All of a request's body but its messages. */
export function settingsOf(model: string, request: Omit<ModelRequest, 'signal'>): Settings {
  return {
    model,
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    max_tokens: request.maxOutputTokens,
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...(request.alternatives ? { logprobs: true, top_logprobs: request.alternatives } : {}),
    stream: false,
  };
}

/** The request body: JSON in ASCII, with the images' bytes where their base64 goes. */
export function encodeRequest(model: string, request: ModelRequest): BodyPart[] {
  return encodeBody(settingsOf(model, request), encodeMessages(request));
}

/** A request's body of its settings and its messages. */
export function encodeBody(settings: Settings, content: readonly BodyPart[]): BodyPart[] {
  return [`${asciiJson(settings).slice(0, -1)},`, ...content, '}'];
}

/** The messages of a request's body. */
export function encodeMessages(request: Pick<ModelRequest, 'system' | 'parts'>): BodyPart[] {
  const system = request.system === undefined ? '' : `${asciiJson({ role: 'system', content: request.system })},`;
  return [`"messages":[${system}{"role":"user","content":`, ...encodeContent(request.parts), '}]'];
}

/** The text alone: a model that completes sees no images. */
function encodePrompt({ parts }: ModelRequest): BodyPart[] {
  const text = parts.flatMap(part => (part.type === 'text' ? [part.text] : [])).join('\n');
  return [`"prompt":${asciiJson(text)}`];
}

/** Text alone goes as a plain string, which servers of text models understand too. */
function encodeContent(parts: readonly RequestPart[]): BodyPart[] {
  const texts = parts.flatMap(part => (part.type === 'text' ? [part.text] : []));
  if (texts.length === parts.length) return [asciiJson(texts.join('\n'))];
  const pieces: BodyPart[] = [];
  for (const [index, part] of parts.entries()) {
    const comma = index === 0 ? '[' : ',';
    if (part.type === 'text') pieces.push(comma + asciiJson({ type: 'text', text: part.text }));
    else {
      pieces.push(`${comma}{"type":"image_url","image_url":{"url":"data:${part.mediaType};base64,`);
      pieces.push(part.bytes, '"}}');
    }
  }
  return [...pieces, ']'];
}

/** JSON in which every character outside ASCII is escaped, so that characters and bytes are the same number. */
export function asciiJson(value: unknown): string {
  return inAscii(JSON.stringify(value));
}

/** A JSON text with every character outside ASCII escaped. */
export function inAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const textPartSchema = z.looseObject({ type: z.string().optional(), text: z.string().optional() });

const tokenSchema = z.object({ token: z.string(), logprob: z.number() });
/** Counts that are none are not known. */
const countSchema = z.number().int().nonnegative().nullish().catch(null);

const messageSchema = z.object({
  content: z.union([z.string(), z.array(textPartSchema)]).nullish(),
  refusal: z.string().nullish(),
  /** Reasoning is `reasoning_content` with DeepSeek and older vLLM, `reasoning` with newer vLLM, Ollama and OpenRouter. */
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
});

const choiceSchema = z.object({
  finish_reason: z.string().nullish(),
  /** A chat's message, or a completion's text. */
  message: messageSchema.optional(),
  text: z.string().nullish(),
  logprobs: z
    .object({
      content: z.array(tokenSchema.extend({ top_logprobs: z.array(tokenSchema).nullish() })).nullish(),
    })
    .nullish()
    .catch(null),
});

/** The parts of a chat completion that we read; everything else is the server's own business. */
const completionSchema = z.object({
  id: z.string().nullish().catch(null),
  model: z.string().nullish().catch(null),
  system_fingerprint: z.string().nullish().catch(null),
  choices: z.array(choiceSchema).min(1),
  usage: z
    .object({
      prompt_tokens: countSchema,
      completion_tokens: countSchema,
      prompt_tokens_details: z.object({ cached_tokens: countSchema }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
});

/** Some gateways answer 200 with an error inside. */
const errorInsideSchema = z.object({
  error: z.union([z.string(), z.object({ message: z.string().optional(), code: z.unknown().optional() })]),
});

const FINISH: ReadonlyMap<string, ReplyFinish> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['tool_calls', 'tool-calls'],
]);

/**
 * Reads a chat completion.
 *
 * @throws {ModelError} of the kind that the status and the body tell, `malformed` where it is no completion
 */
export function decodeReply(reply: HttpReply, latencyMs: number): Reply {
  if (reply.status < 200 || reply.status >= 300) return failOrBlock(reply, latencyMs);
  const streamed = isEventStream(reply.headers, reply.body);
  const json = parseReply(reply, streamed);
  const parsed = completionSchema.safeParse(json);
  if (!parsed.success) {
    const inside = errorInsideSchema.safeParse(json);
    if (inside.success) {
      const code = typeof inside.data.error === 'object' ? Number(inside.data.error.code) : Number.NaN;
      return failOrBlock({ ...reply, status: code >= 400 && code < 600 ? code : 502 }, latencyMs);
    }
    const issue = parsed.error.issues[0];
    throw malformed(reply, `"${issue?.path.join('.')}" ${issue?.message}`);
  }
  const { id, model, system_fingerprint, choices, usage } = parsed.data;
  const choice = choices[0]!;
  if (choice.message === undefined && typeof choice.text !== 'string')
    throw malformed(reply, '"choices.0.message" expected a message or a text');
  const { content, refusal, reasoning_content, reasoning } = choice.message ?? { content: choice.text };
  const text = typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? '').join('');
  const finishReason = FINISH.get(choice.finish_reason ?? '') ?? 'other';
  const refusalText = refusal ?? '';
  const thoughts = reasoning_content ?? reasoning ?? '';
  const tokens = choice.logprobs?.content;
  return {
    text: text === '' ? refusalText : text,
    ...(thoughts === '' ? {} : { reasoning: thoughts }),
    finishReason,
    refused: finishReason === 'content-filter' || (text === '' && refusalText !== ''),
    usage: {
      inputTokens: usage?.prompt_tokens ?? null,
      outputTokens: usage?.completion_tokens ?? null,
      ...cachedOf(usage?.prompt_tokens_details?.cached_tokens),
    },
    latencyMs,
    ...(tokens ? { logProbabilities: tokens.map(readToken) } : {}),
    ...(streamed ? { changes: ['stream' as const] } : {}),
    response: {
      id: id ?? null,
      model: model ?? null,
      finishReason: choice.finish_reason ?? null,
      fingerprint: system_fingerprint ?? null,
      status: reply.status,
    },
  };
}

/** Tokens that were read from a cache, where the server says how many. */
export const cachedOf = (tokens: number | null | undefined): { cachedInputTokens?: number } =>
  tokens == null ? {} : { cachedInputTokens: tokens };

type WireToken = z.infer<typeof tokenSchema> & {
  readonly top_logprobs?: readonly z.infer<typeof tokenSchema>[] | null | undefined;
};

function readToken({ token, logprob, top_logprobs }: WireToken): TokenLogProbability {
  const alternatives = (top_logprobs ?? []).map(other => ({ token: other.token, logProbability: other.logprob }));
  return { token, logProbability: logprob, alternatives };
}

/** A filter that declined is an answer; everything else is thrown. */
export function failOrBlock(reply: HttpReply, latencyMs: number): Reply {
  const { kind, message, retryAfterMs } = classifyFailure(reply, Date.now());
  if (kind !== 'blocked') {
    const body = reply.body.slice(0, 500);
    throw new ModelError(kind, `${message} (HTTP ${reply.status})`, { status: reply.status, retryAfterMs, body });
  }
  return blockedReply(message, reply.status, latencyMs);
}

/** The reply that stands for a filter's refusal: its words as text, no tokens counted. */
export function blockedReply(message: string, status: number | null, latencyMs: number): Reply {
  return {
    text: message,
    finishReason: 'content-filter',
    refused: true,
    usage: { inputTokens: null, outputTokens: null },
    latencyMs,
    response: { id: null, model: null, finishReason: null, fingerprint: null, status },
  };
}

function parseReply(reply: HttpReply, streamed: boolean): unknown {
  try {
    return streamed ? joinEventStream(reply.body) : parseJson(reply.body);
  } catch (error) {
    throw malformed(reply, messageOf(error));
  }
}

/** The error of a reply that is not what the protocol promises. */
export function malformed(reply: HttpReply, why: string): ModelError {
  const start = readServerMessage(reply.body).slice(0, 80);
  const what = start === '' ? 'an empty body' : `"${start}"`;
  return new ModelError('malformed', `the reply is no chat completion (${why}): ${what}`, {
    status: reply.status,
    body: reply.body.slice(0, 500),
  });
}
