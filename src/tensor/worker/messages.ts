import type { Device, DeviceChoice } from '../runtime.ts';
import type { TensorData, TensorInfo } from '../types.ts';

/** What a runtime asks of its worker; `id` comes back with the answer. */
export type Request = { readonly id: number } & (
  | { readonly kind: 'open'; readonly device: DeviceChoice; readonly threads: number }
  | { readonly kind: 'load'; readonly session: number; readonly model: Uint8Array }
  | {
      readonly kind: 'run';
      readonly session: number;
      readonly feeds: Readonly<Record<string, TensorData>>;
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'close'; readonly session: number }
);

/** What the worker answers. */
export type Answer = { readonly id: number } & (
  | { readonly kind: 'opened'; readonly device: Device; readonly engine: string }
  | { readonly kind: 'loaded' | 'closed' }
  | { readonly kind: 'ran'; readonly outputs: Readonly<Record<string, TensorData>> }
  | { readonly kind: 'failed'; readonly code: 'usage' | 'input' | 'external'; readonly message: string }
);

/** Sizes and names a session reports, read from the model by the caller. */
export interface SessionInfo {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}
