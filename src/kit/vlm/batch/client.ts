import type { ModelRequest, Reply } from '../model.ts';
import type { ModelError } from '../model-error.ts';
import type { RequestChange } from '../request-form.ts';
import type { BodyPart } from '../transport.ts';

/** A question as it goes into a batch; nothing of it is sent before the batch is. */
export type BatchRequest = Omit<ModelRequest, 'signal' | 'tools'>;

/** What one batch may hold. */
export interface BatchLimits {
  readonly requests: number;
  /** Of all that is sent for it. */
  readonly bytes: number;
}

/** A request made ready for a batch. */
export interface BatchEntry {
  /** 1 to 64 letters, digits, dashes and underscores; its result carries it. */
  readonly id: string;
  readonly parts: readonly BodyPart[];
}

export interface BatchSubmission {
  /** Names the batch among all others of the account, so that it is found again where its id was lost. */
  readonly token: string;
  readonly entries: readonly BatchEntry[];
  readonly signal: AbortSignal;
  /** Called with the id of a file that was uploaded, before the batch is made of it. */
  readonly onFile: (file: string) => Promise<void>;
}

/** What is known of a batch whose id was never read. */
export interface LostBatch {
  readonly token: string;
  readonly requests: number;
  /** When it was about to be submitted, in milliseconds since 1970. */
  readonly since: number;
  /** Ids of batches that are accounted for. */
  readonly known: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** An id; or `absent`; or `unclear` where a batch that may be it has to end before it can be told. */
export type FoundBatch = { readonly id: string } | 'absent' | 'unclear';

export interface BatchStatus {
  /** `failed`: not one of its requests was or will be answered, and `message` says why. */
  readonly state: 'working' | 'done' | 'failed';
  /** Requests that have ended in one way or another; null where that is not said. */
  readonly finished: number | null;
  readonly message: string | null;
  /** Failed because more is waiting already than the account may have waiting. */
  readonly crowded: boolean;
}

/** What became of one request of a batch. */
export type BatchResult =
  | { readonly id: string; readonly reply: Reply }
  | {
      readonly id: string;
      readonly error: ModelError;
      /** What the request has to be changed by to be accepted. */
      readonly change: RequestChange | null;
    };

/** What can be wrong with a file of results; counted, and told once. */
export interface BatchFaults {
  /** Lines that are no result, or too long for one. */
  unreadable: number;
}

export interface ResultsOptions {
  readonly requests: number;
  /** Longest reply to one of them. */
  readonly request: Pick<ModelRequest, 'maxOutputTokens' | 'alternatives'>;
  /** Settings that were sent, to read refusals against. */
  readonly changes: ReadonlySet<RequestChange>;
  readonly faults: BatchFaults;
  readonly signal: AbortSignal;
}

/** A provider's interface for many requests at a time that are answered within a day. */
export interface BatchClient {
  /** What answers are filed under. */
  readonly id: string;
  readonly limits: BatchLimits;
  /** What a request costs, of what it costs when it is asked on its own; null where that is not published. */
  readonly priceFactor: number | null;
  /** Changes of a request without which the provider is known to refuse it. */
  readonly changes: readonly RequestChange[];
  encode(id: string, request: BatchRequest, changes: ReadonlySet<RequestChange>): BatchEntry;
  /**
   * Hands a batch in.
   *
   * @returns its id
   * @throws {ModelError} where it was refused, or where nobody knows whether it was taken (see `mayHaveArrived`)
   */
  submit(submission: BatchSubmission): Promise<string>;
  /** Looks for a batch that may or may not have been taken. */
  find(lost: LostBatch): Promise<FoundBatch>;
  poll(id: string, signal: AbortSignal): Promise<BatchStatus>;
  /** The results that there are, one by one, in any order; memory stays at one result. */
  results(id: string, options: ResultsOptions): AsyncGenerator<BatchResult>;
  /** Asks for no more requests of it to be begun. */
  cancel(id: string, signal: AbortSignal): Promise<void>;
  /** Deletes what was uploaded for it, and its results, at the provider; what is not there any more is deleted. */
  forget(batch: { readonly id: string | null; readonly file: string | null }, signal: AbortSignal): Promise<void>;
  close(): void;
}
