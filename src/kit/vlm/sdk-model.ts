import { messageOf } from '../../ground/errors.ts';
import { cachedOf } from './chat-completions.ts';
import { oneLine } from './classify-failure.ts';
import { cleanReply } from './clean-reply.ts';
import type {
  ModelRequest,
  ModelTool,
  Reply,
  ReplyFinish,
  TokenLogProbability,
  ToolCallRecord,
  VisionLanguageModel,
} from './model.ts';
import { ModelError } from './model-error.ts';
import { createRedactor, type Redactor } from './redact.ts';
import type { RequestForm } from './request-form.ts';
import { fetchOver } from './sdk-fetch.ts';
import type { Transport } from './transport.ts';

type Sdk = typeof import('ai');
type SdkModel = Exclude<import('ai').LanguageModel, string>;
type SdkResult = Awaited<ReturnType<Sdk['generateText']>>;
type ProviderOptions = NonNullable<Parameters<Sdk['generateText']>[0]['providerOptions']>;

export interface SdkModelOptions {
  readonly id: string;
  /** Loads the provider's library, at the first question; what it gives makes a client that sends through `fetch`. */
  readonly load: () => Promise<(fetch: typeof globalThis.fetch) => SdkModel>;
  readonly transport: Transport;
  /** What is known of the requests that the server takes. */
  readonly form: RequestForm;
  /** What else the provider needs to be told, such as how to ask for log-probabilities. */
  readonly providerOptions?: (request: ModelRequest) => ProviderOptions;
  /** Reads the log-probabilities out of the provider's metadata. */
  readonly readLogProbabilities?: (metadata: unknown) => readonly TokenLogProbability[] | undefined;
  readonly apiKey?: string | undefined;
}

/** Requests that one question may take with tools; a model that still calls a tool in the last one has given no answer. */
export const MAX_TOOL_ROUNDS = 8;

/**
 * A model behind one of the AI SDK's providers. The SDK makes requests and reads replies; they travel by the same transport as our own client's,
 * with its limits. The SDK's own retries are off: whoever asks decides about them.
 */
export function createSdkModel(options: SdkModelOptions): VisionLanguageModel {
  const redactor = createRedactor(options.apiKey === undefined ? [] : [options.apiKey]);
  let loading: Promise<{ sdk: Sdk; open: (fetch: typeof globalThis.fetch) => SdkModel }> | undefined;
  const load = async () => {
    const [sdk, open] = await Promise.all([import('ai'), options.load()]);
    // The SDK prints its warnings by default; they are returned here, and nothing below the command line prints.
    Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
    return { sdk, open };
  };
  return {
    id: options.id,
    async ask(request) {
      loading ??= load();
      const { sdk, open } = await loading;
      const { fetch, outcome } = fetchOver({ ...options, redactor, request });
      const started = performance.now();
      try {
        const given = { model: open(fetch), request, providerOptions: options.providerOptions?.(request) };
        const result = await unlessAborted(generate(sdk, given), request.signal);
        const reply = readResult(result, {
          latencyMs: performance.now() - started,
          read: options.readLogProbabilities,
        });
        return cleanReply({ ...reply, changes: outcome.changes }, redactor);
      } catch (error) {
        if (request.signal.aborted) throw request.signal.reason;
        if (outcome.blocked !== null)
          return cleanReply({ ...outcome.blocked, latencyMs: performance.now() - started }, redactor);
        throw outcome.failure ?? failureOf(error, redactor);
      }
    },
    close: () => options.transport.close(),
  };
}

/** A tool or a library that does not listen to the signal is not waited for. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

interface GenerateOptions {
  readonly model: SdkModel;
  readonly request: ModelRequest;
  readonly providerOptions: ProviderOptions | undefined;
}

/** Ends what Anthropic is to keep for the next requests; providers that need no telling do not look at it. */
const CACHED = { providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } } as const;

async function generate(sdk: Sdk, { model, request, providerOptions }: GenerateOptions): Promise<SdkResult> {
  const content = request.parts.map((part, i) => ({
    ...(part.type === 'text'
      ? { type: 'text' as const, text: part.text }
      : { type: 'file' as const, data: part.bytes, mediaType: part.mediaType }),
    ...(request.cachedParts === i + 1 ? CACHED : {}),
  }));
  const tools: import('ai').ToolSet = Object.fromEntries(
    (request.tools ?? []).map(tool => [tool.name, wrapTool(sdk, tool, request.signal)]),
  );
  return sdk.generateText({
    model,
    maxRetries: 0,
    messages: [{ role: 'user', content }],
    maxOutputTokens: request.maxOutputTokens,
    abortSignal: request.signal,
    ...(request.system === undefined ? {} : { instructions: request.system }),
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...(providerOptions === undefined ? {} : { providerOptions }),
    ...(Object.keys(tools).length === 0 ? {} : { tools, stopWhen: sdk.stepCountIs(MAX_TOOL_ROUNDS) }),
  });
}

function wrapTool(sdk: Sdk, tool: ModelTool, signal: AbortSignal) {
  return sdk.dynamicTool({
    description: tool.description,
    inputSchema: sdk.jsonSchema(tool.parameters),
    execute: input => tool.run(input, { signal }),
  });
}

const FINISH: ReadonlyMap<string, ReplyFinish> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content-filter', 'content-filter'],
  ['tool-calls', 'tool-calls'],
]);

interface ReadOptions {
  readonly latencyMs: number;
  readonly read: SdkModelOptions['readLogProbabilities'];
}

function readResult(result: SdkResult, { latencyMs, read }: ReadOptions): Reply {
  const { finalStep, steps, usage } = result;
  const finishReason = FINISH.get(result.finishReason) ?? 'other';
  const reasoning = finalStep.reasoningText ?? '';
  const logProbabilities = read?.(finalStep.providerMetadata);
  const toolCalls = steps.flatMap(step => readToolCalls(step.content));
  const warnings = (result.warnings ?? []).map(warning => oneLine(JSON.stringify(warning), 300));
  return {
    text: result.text,
    ...(reasoning === '' ? {} : { reasoning }),
    finishReason,
    refused: finishReason === 'content-filter' || result.rawFinishReason === 'refusal',
    usage: {
      inputTokens: usage.inputTokens ?? null,
      outputTokens: usage.outputTokens ?? null,
      ...cachedOf(usage.inputTokenDetails?.cacheReadTokens),
    },
    latencyMs,
    ...(logProbabilities === undefined ? {} : { logProbabilities }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(warnings.length === 0 ? {} : { warnings: [...new Set(warnings)] }),
    response: {
      id: finalStep.response.id,
      model: finalStep.response.modelId,
      finishReason: result.rawFinishReason ?? null,
      fingerprint: null,
      status: null,
    },
  };
}

function readToolCalls(content: SdkResult['content']): ToolCallRecord[] {
  return content.flatMap((part): ToolCallRecord[] => {
    if (part.type === 'tool-result') return [{ name: part.toolName, input: part.input, output: part.output ?? null }];
    if (part.type === 'tool-error') {
      return [{ name: part.toolName, input: part.input, output: null, error: oneLine(messageOf(part.error), 300) }];
    }
    return [];
  });
}

/** A failure that the transport has not told: the library could make nothing of a reply. */
function failureOf(error: unknown, redactor: Redactor): ModelError {
  if (error instanceof ModelError) return error;
  const message = oneLine(redactor.text(messageOf(error).slice(0, MOST_MESSAGE)), 300);
  return new ModelError('malformed', message, { cause: nameOnly(error) });
}

/** The libraries' messages may hold a whole reply. */
const MOST_MESSAGE = 64 * 1024;

/** The SDK's errors carry the whole request with its images, which must not be kept alive or logged with the error. */
function nameOnly(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
