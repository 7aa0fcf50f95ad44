import { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { createChatCompletionsModel, type EndpointApi } from './chat-completions.ts';
import { type Environment, findKey } from './keys.ts';
import type { ModelRequest, TokenLogProbability, VisionLanguageModel } from './model.ts';
import { formatModelSpec, type ModelSpec, parseModelSpec, withoutTrailingSlashes } from './parse-spec.ts';
import { RequestForm } from './request-form.ts';
import { createSdkModel } from './sdk-model.ts';
import { createFetchTransport, createNodeTransport, type Transport } from './transport.ts';

export interface OpenModelOptions {
  /** Instead of the one in the environment. */
  readonly apiKey?: string | undefined;
  /** Instead of the machine's own network, such as a server inside a test. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Where keys are looked up; the process's environment by default. */
  readonly environment?: Environment | undefined;
  /** Which interface of an endpoint is asked; `chat` by default. */
  readonly api?: EndpointApi | undefined;
}

/**
 * Opens a model by its specification: `openai-compatible:http://localhost:8000/v1#qwen2.5-vl-7b`, `ollama:llava`,
 * `openai:gpt-4o`, `google:gemini-2.5-pro`, `anthropic:claude-sonnet-4-5`. Nothing is sent until it is asked; provider
 * libraries are loaded at the first question.
 *
 * Keys come from `OPENAI_API_KEY`, `GOOGLE_GENERATIVE_AI_API_KEY` or `GEMINI_API_KEY`, `ANTHROPIC_API_KEY`, and
 * `OPENAI_COMPATIBLE_API_KEY` (or the host's own, such as `OPENROUTER_API_KEY`); they are never part of `id`, of an
 * error or of a reply.
 *
 * @throws BiolensError `usage` for a malformed specification, or completions of a provider that has none; `input` where a hosted model has no key
 */
export function openModel(spec: string, options: OpenModelOptions = {}): VisionLanguageModel {
  const parsed = parseModelSpec(spec);
  if (options.api === 'completion' && parsed.baseUrl === null)
    throw new BiolensError(
      'usage',
      `"model" expected an endpoint for plain completions, got ${formatModelSpec(parsed)}`,
    );
  const apiKey = options.apiKey ?? findKey(parsed, options.environment ?? process.env);
  return parsed.baseUrl === null
    ? openHosted(parsed, { apiKey, fetch: options.fetch })
    : openEndpoint({ ...parsed, baseUrl: parsed.baseUrl }, { apiKey, fetch: options.fetch, api: options.api });
}

type Access = Pick<OpenModelOptions, 'apiKey' | 'fetch' | 'api'>;

/** Through the machine's own network, or through what stands for it in a test. */
const transportFor = (fetch: typeof globalThis.fetch | undefined): Transport =>
  fetch === undefined ? createNodeTransport() : createFetchTransport(fetch);

/**
 * Plain questions go through our own client, which costs a tenth of the processor time of the SDK's; rounds of tool calls go
 * through the SDK. Both send by one transport and share what they learn of the server.
 */
function openEndpoint(
  spec: ModelSpec & { readonly baseUrl: URL },
  { apiKey, fetch, api }: Access,
): VisionLanguageModel {
  const id = formatModelSpec(spec);
  const common = { id, apiKey, transport: transportFor(fetch), form: new RequestForm() };
  const plain = createChatCompletionsModel({ ...common, baseUrl: spec.baseUrl, model: spec.model, api });
  const withTools = createSdkModel({
    ...common,
    load: async () => {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const baseURL = withoutTrailingSlashes(spec.baseUrl.href);
      return send =>
        createOpenAICompatible({ name: spec.provider, baseURL, ...keyOf(apiKey), fetch: send })(spec.model);
    },
  });
  return {
    id,
    ask: request => ((request.tools?.length ?? 0) > 0 ? withTools : plain).ask(request),
    close: () => common.transport.close(),
  };
}

function openHosted(spec: ModelSpec, { apiKey, fetch }: Access): VisionLanguageModel {
  const common = { id: formatModelSpec(spec), apiKey, transport: transportFor(fetch), form: new RequestForm() };
  const key = keyOf(apiKey);
  switch (spec.provider) {
    case 'google':
      return createSdkModel({
        ...common,
        load: async () => {
          const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
          return send => createGoogleGenerativeAI({ ...key, fetch: send })(spec.model);
        },
      });
    case 'anthropic':
      return createSdkModel({
        ...common,
        load: async () => {
          const { createAnthropic } = await import('@ai-sdk/anthropic');
          return send => createAnthropic({ ...key, fetch: send })(spec.model);
        },
      });
    default:
      return createSdkModel({
        ...common,
        load: async () => {
          const { createOpenAI } = await import('@ai-sdk/openai');
          // Chat completions, not responses: those take a seed.
          return send => createOpenAI({ ...key, fetch: send }).chat(spec.model);
        },
        providerOptions: openAiOptions,
        readLogProbabilities: readOpenAiLogProbabilities,
      });
  }
}

const keyOf = (apiKey: string | undefined) => (apiKey === undefined ? {} : { apiKey });

function openAiOptions(request: ModelRequest): { openai: { logprobs?: number } } {
  return { openai: request.alternatives ? { logprobs: request.alternatives } : {} };
}

const openAiToken = z.object({ token: z.string(), logprob: z.number() });
const openAiMetadata = z.object({
  openai: z.object({ logprobs: z.array(openAiToken.extend({ top_logprobs: z.array(openAiToken).nullish() })) }),
});

function readOpenAiLogProbabilities(metadata: unknown): readonly TokenLogProbability[] | undefined {
  const parsed = openAiMetadata.safeParse(metadata);
  if (!parsed.success) return undefined;
  return parsed.data.openai.logprobs.map(({ token, logprob, top_logprobs }) => ({
    token,
    logProbability: logprob,
    alternatives: (top_logprobs ?? []).map(other => ({ token: other.token, logProbability: other.logprob })),
  }));
}
