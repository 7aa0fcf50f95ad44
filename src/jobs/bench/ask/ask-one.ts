import { type Answer, answerSchema } from '../../../ground/contracts/bench.ts';
import type { BiolensError } from '../../../ground/errors.ts';
import { ModelError, type PreparedImage } from '../../../kit/vlm/index.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';
import type { Answerer, GivenReply } from './answerer.ts';
import { backoffMs } from './backoff.ts';
import type { Gate } from './gate.ts';
import type { Halt } from './halt.ts';
import type { PosedQuestion } from './posed-question.ts';

/** A posed question with its images and the digest of its prompt. */
export interface Task {
  readonly posed: PosedQuestion;
  readonly promptDigest: string;
  readonly pictures: readonly PreparedImage[];
}

export interface AskOneOptions {
  readonly answerer: Answerer;
  readonly gate: Gate;
  readonly limit: AdaptiveLimit;
  readonly halt: Halt;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly random: () => number;
  /** Called inside the gate, right before sending; throws where nothing more may be sent. */
  readonly beforeSending: () => void;
  /** Called when a request has come back, with what it brought, before the gate lets the next one through. */
  readonly afterSending: (reply: GivenReply | null) => void;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly onRetry: (retry: { readonly attempt: number; readonly error: ModelError; readonly waitMs: number }) => void;
  readonly onPause: (waitMs: number, error: ModelError) => void;
}

/** An answer without what only a priced run knows. */
export type UnpricedAnswer = Omit<Answer, 'cost'>;

/** Being turned away is no fault of the request, so it may happen this many times as often as other failures. */
const PATIENCE_WITH_LIMITS = 5;
/** A server that asks for longer than this has run out of a daily allowance; the run had better be resumed later. */
const LONGEST_WAIT_MS = 10 * 60 * 1000;

/**
 * Asks until there is an answer: retries what may pass, with back-off; gives an answer that carries the error for what
 * does not.
 *
 * @throws {ModelError} of the fatal kinds, which every other question would meet too
 * @throws what the answerer throws besides, and what the gate was shut or the run halted with
 */
export async function askOne(task: Task, options: AskOneOptions): Promise<UnpricedAnswer> {
  const { gate, limit } = options;
  let turnedAway = 0;
  for (let attempt = 1; ; attempt++) {
    await gate.enter();
    const epoch = limit.begin();
    let failure: ModelError;
    try {
      options.beforeSending();
      const reply = await send(task, options);
      limit.succeeded(epoch, reply.latencyMs);
      return answerOf(task, { answerer: options.answerer, attempts: attempt, reply });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      failure = error;
      if (isCongestion(failure)) limit.overloaded(epoch);
    } finally {
      gate.release();
    }
    if (failure.fatal) throw failure;
    if (failure.kind === 'rate-limited') turnedAway++;
    const tired = attempt - turnedAway >= options.attempts || turnedAway >= options.attempts * PATIENCE_WITH_LIMITS;
    if (!failure.transient || tired)
      return failedAnswer(task, { answerer: options.answerer, attempts: attempt, error: failure });
    const waitMs = waitAfter(failure, { ...options, attempt });
    options.onRetry({ attempt, error: failure, waitMs });
    await options.sleep(waitMs);
  }
}

/** How long this question waits; the pause that a server asks for is taken by all. */
function waitAfter(
  failure: ModelError,
  { attempt, gate, random, onPause }: AskOneOptions & { readonly attempt: number },
): number {
  const { retryAfterMs } = failure;
  if (retryAfterMs !== null) {
    if (retryAfterMs > LONGEST_WAIT_MS) {
      const minutes = Math.round(retryAfterMs / 60_000);
      throw new ModelError('quota', `the endpoint asks to wait ${minutes} minutes: ${failure.message}`, {
        retryAfterMs,
      });
    }
    if (gate.pause(retryAfterMs)) onPause(retryAfterMs, failure);
  }
  return backoffMs({ attempt, retryAfterMs, random });
}

/** Too many requests, or so many that the server fell over or did not get to this one in time. */
function isCongestion({ kind, status }: ModelError): boolean {
  return kind === 'rate-limited' || kind === 'timeout' || status === 503 || status === 529;
}

async function send({ posed, pictures }: Task, options: AskOneOptions): Promise<GivenReply> {
  const { answerer, halt, timeoutMs } = options;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new ModelError('timeout', `no full reply within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const forget = halt.onHalt(reason => controller.abort(reason));
  let reply: GivenReply | null = null;
  try {
    reply = await answerer.answer(posed, { pictures, signal: controller.signal });
    return reply;
  } finally {
    clearTimeout(timer);
    forget();
    options.afterSending(reply);
  }
}

/** Who answered, and at which attempt. */
export interface Outcome {
  readonly answerer: Pick<Answerer, 'id'>;
  readonly attempts: number;
}

function startOf({ posed, promptDigest }: Task, { answerer, attempts }: Outcome) {
  return {
    question: posed.question.id,
    model: answerer.id,
    setting: posed.setting,
    promptDigest,
    rotation: posed.rotation,
    repeat: posed.repeat,
    attempts,
    answeredAt: new Date().toISOString(),
  };
}

/** The answer that a reply is. @throws {ModelError} `malformed` */
export function answerOf(task: Task, outcome: Outcome & { readonly reply: GivenReply }): UnpricedAnswer {
  const { text, reasoning, refused, fallback, finishReason, usage, latencyMs, logProbabilities, toolCalls, changes } =
    outcome.reply;
  return checked({
    ...startOf(task, outcome),
    raw: text,
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(refused ? { refused } : {}),
    ...(fallback ? { fallback } : {}),
    finishReason,
    usage,
    latencyMs: Math.round(latencyMs * 1000) / 1000,
    ...(logProbabilities === undefined
      ? {}
      : { logProbabilities: logProbabilities.map(token => ({ ...token, alternatives: [...token.alternatives] })) }),
    ...(changes === undefined ? {} : { changes: [...changes] }),
    ...(toolCalls === undefined ? {} : { toolCalls: [...toolCalls] }),
  });
}

const unpricedSchema = answerSchema.omit({ cost: true });

/** @throws {ModelError} `malformed`: what could not be read back is no answer, and must not be recorded as one */
function checked(answer: UnpricedAnswer): UnpricedAnswer {
  const parsed = unpricedSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ModelError('malformed', `the reply is no answer: "${issue?.path.join('.')}" ${issue?.message}`);
}

/** The answer that stands for none. */
export function failedAnswer(task: Task, outcome: Outcome & { readonly error: BiolensError }): UnpricedAnswer {
  const { error } = outcome;
  return {
    ...startOf(task, outcome),
    raw: null,
    error: { kind: error instanceof ModelError ? error.kind : error.code, message: error.message },
    finishReason: null,
    usage: { inputTokens: null, outputTokens: null },
    latencyMs: null,
  };
}
