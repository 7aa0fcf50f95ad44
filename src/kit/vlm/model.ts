import type { RequestChange } from './request-form.ts';

/** A piece of what the model is shown, in the order it is shown. */
export type RequestPart =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image';
      /** The encoded file, ready to send. */
      readonly bytes: Uint8Array;
      /** Such as `image/png`. */
      readonly mediaType: string;
    };

/** A function that a model may call while it answers. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the input object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /**
   * Does the work; the result must be plain JSON.
   *
   * @throws what goes wrong; the model is told the message and may go on.
   */
  readonly run: (input: unknown, options: { readonly signal: AbortSignal }) => Promise<unknown>;
}

export interface ModelRequest {
  readonly system?: string | undefined;
  /** One user turn. */
  readonly parts: readonly RequestPart[];
  /** 0 is as deterministic as the server can be; null leaves it to the server, as some models accept no other. */
  readonly temperature: number | null;
  readonly maxOutputTokens: number;
  readonly seed?: number | undefined;
  /** Ask for the log-probabilities of so many alternatives per token, 0 to 20; 0 asks for none. */
  readonly alternatives?: number | undefined;
  readonly tools?: readonly ModelTool[] | undefined;
  /** The first so many parts come in other requests too, and a server that has to be told may keep them. */
  readonly cachedParts?: number | undefined;
  readonly signal: AbortSignal;
}

/** A token that was written, with the likeliest alternatives at its place. Natural logarithms. */
export interface TokenLogProbability {
  readonly token: string;
  readonly logProbability: number;
  readonly alternatives: readonly { readonly token: string; readonly logProbability: number }[];
}

export interface ToolCallRecord {
  readonly name: string;
  readonly input: unknown;
  /** What the tool gave back, or null where it failed. */
  readonly output: unknown;
  readonly error?: string | undefined;
}

export type ReplyFinish = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';

export interface Reply {
  /** What the model wrote, untouched; empty where it wrote nothing. */
  readonly text: string;
  /** Thoughts that the server sends apart from the answer, if any. */
  readonly reasoning?: string | undefined;
  readonly finishReason: ReplyFinish;
  /** The server says that the model or its filter declined; that a text reads like a refusal is for the scorer to see. */
  readonly refused: boolean;
  /** Tokens as the server counts them; null where it does not say. */
  readonly usage: {
    /** Those from a cache included. */
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    /** Of the tokens sent, those that the server had from an earlier request; missing where it does not say. */
    readonly cachedInputTokens?: number | undefined;
  };
  /** From sending the request to having read the whole reply, tool calls included. */
  readonly latencyMs: number;
  readonly logProbabilities?: readonly TokenLogProbability[] | undefined;
  readonly toolCalls?: readonly ToolCallRecord[] | undefined;
  /** What the client could not pass on as asked, such as a temperature that the model does not take. */
  readonly warnings?: readonly string[] | undefined;
  /** What the request was changed by because the server refuses it otherwise; empty or missing where it went as asked. */
  readonly changes?: readonly RequestChange[] | undefined;
  /** What the server says about itself. */
  readonly response: {
    readonly id: string | null;
    /** The model that answered, which may be a dated version of the one asked for. */
    readonly model: string | null;
    /** The server's own word for why it finished. */
    readonly finishReason: string | null;
    /** Changes when the server's set-up does, where it says so. */
    readonly fingerprint: string | null;
    readonly status: number | null;
  };
}

/** Anything that looks at images and writes text. */
export interface VisionLanguageModel {
  /** What answers are filed under, such as `openai:gpt-4o`; never carries a key. */
  readonly id: string;
  /**
   * Asks once, without retrying.
   *
   * @throws {ModelError} on any failure, with its kind and, where the server names one, how long to wait.
   */
  ask(request: ModelRequest): Promise<Reply>;
  /** Frees connections that are kept open. */
  close?(): void;
}
