import { BiolensError } from '../../../ground/errors.ts';
import type { Answer, AnswerOf, Request, RequestBody } from '../worker/messages.ts';

/** A worker that answers requests in order. */
export interface Line {
  readonly ask: <K extends Exclude<Answer['kind'], 'failed'>>(
    kind: K,
    request: RequestBody,
    transfer?: readonly ArrayBuffer[],
  ) => Promise<AnswerOf<K>>;
  /** Whether it answers no more. */
  readonly ended: boolean;
  /** Rejects what is open, and resolves when the worker has ended. */
  readonly end: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

function isKind<K extends Answer['kind']>(answer: Answer, kind: K): answer is AnswerOf<K> {
  return answer.kind === kind;
}

/** Requests on their way to a worker, and its answers. */
export class Dialogue {
  readonly #post: (request: Request, transfer: readonly ArrayBuffer[]) => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: BiolensError | undefined;

  constructor(post: (request: Request, transfer: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether no answer is awaited. */
  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'failed') waiting?.reject(new BiolensError(answer.code, answer.message));
    else waiting?.resolve(answer);
  }

  fail(error: BiolensError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  ask<K extends Exclude<Answer['kind'], 'failed'>>(
    kind: K,
    request: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<AnswerOf<K>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // First, because it throws for memory that cannot be sent.
    this.#post({ ...request, id }, transfer);
    this.#waiting.set(id, { resolve, reject });
    return promise.then(answer => {
      if (!isKind(answer, kind))
        throw new BiolensError('external', `the engine answered ${answer.kind} to ${request.kind}`);
      return answer;
    });
  }
}
