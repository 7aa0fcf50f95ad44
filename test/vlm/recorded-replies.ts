/**
 * Replies in the shapes in which the servers send them, written from their public documentation and source: OpenAI's
 * chat-completions reference (2025), vLLM 0.10 `ChatCompletionResponse` / `ErrorResponse` (with the fields that are
 * null by default), Ollama 0.11 `/v1/chat/completions`, OpenRouter's and Azure's error pages, Anthropic's messages API,
 * Google's `generateContent`. Values are invented.
 */

export const OPENAI = {
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1741569952,
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'B', refusal: null, annotations: [] },
      logprobs: {
        content: [
          {
            token: 'B',
            logprob: -0.0312,
            bytes: [66],
            top_logprobs: [
              { token: 'B', logprob: -0.0312, bytes: [66] },
              { token: 'A', logprob: -3.7812, bytes: [65] },
            ],
          },
        ],
        refusal: null,
      },
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 1117,
    completion_tokens: 46,
    total_tokens: 1163,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_fc9f1d7035',
};

export const OPENAI_REFUSAL = {
  ...OPENAI,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, refusal: "I'm sorry, I can't identify people in images." },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
};

export const VLLM = {
  id: 'chatcmpl-8b4d1b0f6c9c4d7f8e9e2f8a2f0c1a55',
  object: 'chat.completion',
  created: 1757000000,
  model: 'Qwen/Qwen2.5-VL-7B-Instruct',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'C',
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        tool_calls: [],
        reasoning_content: null,
      },
      logprobs: null,
      finish_reason: 'stop',
      stop_reason: null,
      token_ids: null,
    },
  ],
  service_tier: null,
  system_fingerprint: null,
  usage: { prompt_tokens: 1432, total_tokens: 1434, completion_tokens: 2, prompt_tokens_details: null },
  prompt_logprobs: null,
  prompt_token_ids: null,
  kv_transfer_params: null,
};

export const VLLM_REASONING = {
  ...VLLM,
  choices: [
    {
      ...VLLM.choices[0],
      message: { ...VLLM.choices[0]!.message, reasoning_content: 'Two of the faces share a chin.', content: '\n\nD' },
      finish_reason: 'length',
    },
  ],
};

/** Before 0.10 an error was flat; since then it is under `error`. */
export const VLLM_ERROR_FLAT = {
  object: 'error',
  message:
    "This model's maximum context length is 4096 tokens. However, you requested 5171 tokens (4147 in the messages, 1024 in the completion). Please reduce the length of the messages or completion.",
  type: 'BadRequestError',
  param: null,
  code: 400,
};
export const VLLM_ERROR_TOO_MANY_IMAGES = {
  error: {
    message: 'At most 1 image(s) may be provided in one prompt.',
    type: 'BadRequestError',
    param: null,
    code: 400,
  },
};
export const VLLM_ERROR_NO_MODEL = {
  error: { message: 'The model `llava` does not exist.', type: 'NotFoundError', param: null, code: 404 },
};

export const OLLAMA = {
  id: 'chatcmpl-495',
  object: 'chat.completion',
  created: 1757000000,
  model: 'llava',
  system_fingerprint: 'fp_ollama',
  choices: [{ index: 0, message: { role: 'assistant', content: ' (A) Male' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 604, completion_tokens: 5, total_tokens: 609 },
};
/** A call of a tool, as each server writes it: with or without empty fields around it, and a text beside it. */
export const OPENAI_TOOL_CALL = {
  ...OPENAI,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_5PFTaZyfzzJ3Pz6xaYVKdc1T',
            type: 'function',
            function: { name: 'count_faces', arguments: '{"image":1}' },
          },
        ],
        refusal: null,
        annotations: [],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ],
};
export const VLLM_TOOL_CALL = {
  ...VLLM,
  choices: [
    {
      ...VLLM.choices[0],
      message: {
        ...VLLM.choices[0]!.message,
        content: null,
        reasoning_content: 'The faces have to be counted.',
        tool_calls: [
          {
            id: 'chatcmpl-tool-1f3c0a7e3c0d4c5ab6b1b7f0f1f7b6aa',
            type: 'function',
            function: { name: 'count_faces', arguments: '{"image": 1}' },
          },
        ],
      },
      finish_reason: 'tool_calls',
    },
  ],
};
export const OLLAMA_TOOL_CALL = {
  ...OLLAMA,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [
          {
            id: 'call_7q2xk1bv',
            index: 0,
            type: 'function',
            function: { name: 'count_faces', arguments: '{"image":1}' },
          },
        ],
      },
      finish_reason: 'tool_calls',
    },
  ],
};

export const OLLAMA_ERROR_NO_MODEL = {
  error: {
    message: 'model "llava" not found, try pulling it first',
    type: 'api_error',
    param: null,
    code: null,
  },
};

export const OPENROUTER_ERROR_INSIDE = {
  error: { code: 429, message: 'Rate limit exceeded: free-models-per-min.', metadata: { provider_name: null } },
  user_id: 'user_2',
};
export const OPENROUTER_MODERATION = {
  error: {
    code: 403,
    message: 'Input was flagged by the provider',
    metadata: { reasons: ['sexual'], flagged_input: 'Which…', provider_name: 'OpenAI', model_slug: 'openai/gpt-4o' },
  },
};

export const AZURE_FILTER = {
  error: {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: 'prompt',
    code: 'content_filter',
    status: 400,
    innererror: { code: 'ResponsibleAIPolicyViolation' },
  },
};

export const OPENAI_WRONG_KEY = {
  error: {
    message:
      'Incorrect API key provided: sk-abcd********wxyz. You can find your API key at https://platform.openai.com/account/api-keys.',
    type: 'invalid_request_error',
    param: null,
    code: 'invalid_api_key',
  },
};
export const OPENAI_NO_QUOTA = {
  error: {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    param: null,
    code: 'insufficient_quota',
  },
};
export const OPENAI_RATE_LIMIT = {
  error: {
    message:
      'Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 28800, Requested 2200. Please try again in 2s.',
    type: 'tokens',
    param: null,
    code: 'rate_limit_exceeded',
  },
};
/** Google words a passing limit like an empty account, but says when to come back. */
export const GOOGLE_RATE_LIMIT = {
  error: {
    code: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    status: 'RESOURCE_EXHAUSTED',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '17s' }],
  },
};
export const GOOGLE_WRONG_KEY = {
  error: {
    code: 400,
    message: 'API key not valid. Please pass a valid API key.',
    status: 'INVALID_ARGUMENT',
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
  },
};

export const GOOGLE = {
  candidates: [
    { content: { parts: [{ text: 'D' }], role: 'model' }, finishReason: 'STOP', index: 0, avgLogprobs: -0.01 },
  ],
  usageMetadata: { promptTokenCount: 527, candidatesTokenCount: 1, totalTokenCount: 528 },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'abc',
};
export const GOOGLE_BLOCKED = {
  promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
  usageMetadata: { promptTokenCount: 527, totalTokenCount: 527 },
  modelVersion: 'gemini-2.5-flash',
};
export const GOOGLE_STOPPED = {
  ...GOOGLE,
  candidates: [{ finishReason: 'SAFETY', index: 0 }],
};

export const ANTHROPIC = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content: [{ type: 'text', text: 'A' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 2095, output_tokens: 4, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
};
export const ANTHROPIC_REFUSAL = { ...ANTHROPIC, content: [], stop_reason: 'refusal' };
export const ANTHROPIC_OVERLOADED = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
export const ANTHROPIC_TOO_LONG = {
  type: 'error',
  error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
};
