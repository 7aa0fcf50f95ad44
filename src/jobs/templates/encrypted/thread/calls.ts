import type { Numbers } from '../seal/client-engine.ts';

// What threads are asked. The server's thread knows no call that takes a secret key or decrypts.

export type ServerCall =
  | { readonly op: 'keys'; readonly parts: readonly Uint8Array[] }
  | { readonly op: 'block'; readonly id: number; readonly parts: readonly Uint8Array[] }
  | { readonly op: 'clear'; readonly id: number; readonly rows: Int16Array }
  | { readonly op: 'drop'; readonly id: number }
  | { readonly op: 'match'; readonly ids: readonly number[]; readonly probe: Int16Array | readonly Uint8Array[] }
  | { readonly op: 'memory' };

export type ClientCall =
  | { readonly op: 'secret' }
  | { readonly op: 'evaluationKeys' }
  | { readonly op: 'encryptBlock'; readonly rows: Numbers }
  | { readonly op: 'encryptProbe'; readonly values: Numbers }
  | { readonly op: 'decrypt'; readonly parts: readonly Uint8Array[]; readonly counts: readonly number[] }
  | { readonly op: 'memory' };

/** What a thread is started with. */
export interface ThreadData {
  readonly plan: unknown;
  readonly secret?: Uint8Array | undefined;
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: string;
      readonly code: 'input' | 'usage' | 'external';
      readonly trapped: boolean;
    };
