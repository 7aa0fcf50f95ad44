import { messageOf } from '../../ground/errors.ts';
import { blockedReply } from './chat-completions.ts';
import { classifyFailure, oneLine } from './classify-failure.ts';
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
import { redact } from './redact.ts';
import { networkError } from './transport.ts';

type Sdk = typeof import('ai');
type SdkModel = Exclude<import('ai').LanguageModel, string>;
type SdkResult = Awaited<ReturnType<Sdk['generateText']>>;
type ProviderOptions = NonNullable<Parameters<Sdk['generateText']>[0]['providerOptions']>;

export interface SdkModelOptions {
  readonly id: string;
  /** Makes the provider's client; called once, at the first question. */
  readonly load: () => Promise<SdkModel>;
  /** What else the provider needs to be told, such as how to ask for log-probabilities. */
  readonly providerOptions?: (request: ModelRequest) => ProviderOptions;
  /** Reads the log-probabilities out of the provider's metadata. */
  readonly readLogProbabilities?: (metadata: unknown) => readonly TokenLogProbability[] | undefined;
  readonly apiKey?: string | undefined;
}

/** Requests that one question may take with tools; a model that still calls a tool in the last one has given no answer. */
export const MAX_TOOL_ROUNDS = 8;

/** A model behind one of the AI SDK's providers. The SDK's own retries are off: whoever asks decides about them. */
export function createSdkModel(options: SdkModelOptions): VisionLanguageModel {
  const secrets = options.apiKey === undefined ? [] : [options.apiKey];
  let loading: Promise<{ sdk: Sdk; model: SdkModel }> | undefined;
  const load = async (): Promise<{ sdk: Sdk; model: SdkModel }> => {
    const [sdk, model] = await Promise.all([import('ai'), options.load()]);
    // The SDK prints its warnings by default; they are returned here, and nothing below the command line prints.
    Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
    return { sdk, model };
  };
  return {
    id: options.id,
    async ask(request) {
      loading ??= load();
      const { sdk, model } = await loading;
      const started = performance.now();
      try {
        const result = await generate(sdk, { model, request, providerOptions: options.providerOptions?.(request) });
        return readResult(result, { latencyMs: performance.now() - started, read: options.readLogProbabilities });
      } catch (error) {
        if (request.signal.aborted) throw request.signal.reason;
        return failOrBlock(sdk, error, { secrets, latencyMs: performance.now() - started });
      }
    },
  };
}

interface GenerateOptions {
  readonly model: SdkModel;
  readonly request: ModelRequest;
  readonly providerOptions: ProviderOptions | undefined;
}

async function generate(sdk: Sdk, { model, request, providerOptions }: GenerateOptions): Promise<SdkResult> {
  const content = request.parts.map(part =>
    part.type === 'text'
      ? { type: 'text' as const, text: part.text }
      : { type: 'file' as const, data: part.bytes, mediaType: part.mediaType },
  );
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

const FINISH: Readonly<Record<string, ReplyFinish>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content-filter',
  'tool-calls': 'tool-calls',
};

interface ReadOptions {
  readonly latencyMs: number;
  readonly read: SdkModelOptions['readLogProbabilities'];
}

function readResult(result: SdkResult, { latencyMs, read }: ReadOptions): Reply {
  const { finalStep, steps, usage } = result;
  const finishReason = FINISH[result.finishReason] ?? 'other';
  const reasoning = finalStep.reasoningText ?? '';
  const logProbabilities = read?.(finalStep.providerMetadata);
  const toolCalls = steps.flatMap(step => readToolCalls(step.content));
  const warnings = (result.warnings ?? []).map(warning => oneLine(JSON.stringify(warning), 300));
  return {
    text: result.text,
    ...(reasoning === '' ? {} : { reasoning }),
    finishReason,
    refused: finishReason === 'content-filter' || result.rawFinishReason === 'refusal',
    usage: { inputTokens: usage.inputTokens ?? null, outputTokens: usage.outputTokens ?? null },
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

interface FailureOptions {
  readonly secrets: readonly string[];
  readonly latencyMs: number;
}

/** A filter that declined is an answer; everything else is thrown as a `ModelError`. */
function failOrBlock(sdk: Sdk, error: unknown, { secrets, latencyMs }: FailureOptions): Reply {
  if (error instanceof ModelError) throw error;
  const message = oneLine(redact(messageOf(error), secrets), 300);
  if (!sdk.APICallError.isInstance(error)) throw new ModelError('malformed', message, { cause: nameOnly(error) });
  const status = error.statusCode;
  if (status === undefined) throw networkError(error, new URL(error.url));
  const body = redact(error.responseBody ?? '', secrets);
  if (status < 400) throw new ModelError('malformed', message, { status, body: body.slice(0, 500) });
  const failure = classifyFailure({ status, headers: error.responseHeaders ?? {}, body }, Date.now());
  if (failure.kind === 'blocked') return blockedReply(failure.message, status, latencyMs);
  throw new ModelError(failure.kind, `${failure.message} (HTTP ${status})`, {
    status,
    retryAfterMs: failure.retryAfterMs,
    body: body.slice(0, 500),
  });
}

/** The SDK's errors carry the whole request with its pictures, which must not be kept alive or logged with the error. */
function nameOnly(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
