import { cleanReply } from '../clean-reply.ts';
import type { Reply } from '../model.ts';
import { ModelError } from '../model-error.ts';
import type { Redactor } from '../redact.ts';
import { changeFor, type Settings } from '../request-form.ts';
import type { HttpReply } from '../transport.ts';
import type { BatchResult } from './client.ts';

export interface ResultOptions {
  readonly redactor: Redactor;
  /** The reply. @throws {ModelError} where there is none */
  readonly read: () => Reply;
  /** What stands for the answer of a server that refused it, with the settings that it refused; by default it is about nothing of them. */
  readonly refusal?: { readonly reply: HttpReply; readonly sent: Settings } | undefined;
}

/** What became of a request: a reply without keys, or its error with the change that the refusal asks for. */
export function resultOf(id: string, { redactor, read, refusal }: ResultOptions): BatchResult {
  try {
    return { id, reply: cleanReply(read(), redactor) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { id, error, change: refusal === undefined ? null : changeFor(refusal.reply, refusal.sent) };
  }
}
