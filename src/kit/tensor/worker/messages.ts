import type { ErrorCode } from '../../../ground/errors.ts';
import type { Device, DeviceChoice } from '../runtime.ts';
import type { TensorData } from '../types.ts';

/** What a runtime asks of its worker; `id` comes back with the answer. */
export type Request = { readonly id: number } & (
  | {
      readonly kind: 'open';
      readonly device: DeviceChoice;
      /** Of one operation, where they are settled once for all sessions. */
      readonly threads: number;
      /** Address of the engine's files, in a browser. */
      readonly assets?: string | undefined;
    }
  | {
      readonly kind: 'load';
      readonly session: number;
      readonly model: Uint8Array;
      readonly spin: boolean;
      readonly threads: number;
    }
  | {
      readonly kind: 'run';
      readonly session: number;
      readonly feeds: Readonly<Record<string, TensorData>>;
      readonly outputs: readonly string[];
      /** Memory for some of the outputs. Shared memory is filled; other memory comes back filled. */
      readonly into: Readonly<Record<string, TensorData>>;
    }
  | { readonly kind: 'close'; readonly session: number }
);

/** Asks the worker to end once it has done what it is at; there is no answer. */
export const END = 'end';

/** Places in the memory that a runtime shares with its worker: what it does (below), and 1 when it shall begin nothing more. */
export const ACTIVITY = 0;
export const ENDING = 1;
export const IDLE = 0;
export const COMPUTING = 1;
export const STARTING = 2;

/** A request without its number. */
export type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
export type AnswerOf<K extends Answer['kind']> = Extract<Answer, { readonly kind: K }>;

/** What the worker answers. */
export type Answer = { readonly id: number } & (
  | { readonly kind: 'opened'; readonly device: Device; readonly reason: string; readonly engine: string }
  | { readonly kind: 'loaded' | 'closed' }
  | { readonly kind: 'ran'; readonly outputs: Readonly<Record<string, TensorData>> }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
);
