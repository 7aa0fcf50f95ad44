import type { Matrix } from '../../../ground/math/index.ts';
import type { DecideOptions, Match } from './decide.ts';
import type { Plan } from './plan.ts';

/**
 * The client: it holds the secret key, encrypts, and decides. What it sends and receives are envelopes, bytes that only its own server takes.
 *
 * Leaks to whoever sees envelopes: how many templates, when, which blocks; in `encrypted-gallery` the probe itself.
 */
export interface MatchClient extends AsyncDisposable {
  readonly role: 'client';
  readonly plan: Plan;
  /** What its server must be opened with. */
  readonly keyId: Uint8Array;
  /** The secret key; store it apart from the gallery, or lose the gallery. */
  exportKey(): Promise<Uint8Array>;
  /** What the server computes with; `null` where it needs nothing. */
  evaluationKeys(): Promise<Uint8Array | null>;
  /**
   * Encrypts templates `[n, dimension]` in blocks of at most `plan.blockSize`, numbered from `first` on.
   *
   * @throws {BiolensError} `input` naming the row
   */
  encryptGallery(
    templates: Matrix,
    options?: { readonly name?: string; readonly first?: number },
  ): AsyncGenerator<Uint8Array>;
  /** Encrypts one probe; in `encrypted-gallery` it is authenticated alone. @throws {BiolensError} `input` naming the field */
  probe(embedding: ArrayLike<number>, options?: { readonly name?: string }): Promise<Uint8Array>;
  /** Decrypts a result of its server and decides. Each result is taken once, and only for a probe that is open. */
  decide(result: Uint8Array, options: DecideOptions): Promise<Match[]>;
  /**
   * The exact scores, scale² times the cosine, for callers inside the client's own trust.
   *
   * @throws {BiolensError} `usage` for CKKS, whose approximate decryptions give away the secret key to whoever sees enough of them
   */
  scores(result: Uint8Array): Promise<Int32Array>;
  close(): Promise<void>;
}

/** The server: evaluation keys and ciphertexts. It has no way to decrypt, and none to tell how much noise a ciphertext has. */
export interface MatchServer extends AsyncDisposable {
  readonly role: 'server';
  readonly plan: Plan;
  /** Templates that it matches with. */
  readonly size: number;
  acceptKeys(envelope: Uint8Array): Promise<void>;
  acceptBlock(envelope: Uint8Array): Promise<void>;
  /** The server's own gallery, in mode `encrypted-probe`. @throws {BiolensError} `input` naming the row */
  loadGallery(templates: Matrix, options?: { readonly name?: string }): Promise<void>;
  /** Matches a probe with all blocks, in their order. @returns the result, for the client alone */
  match(envelope: Uint8Array): Promise<Uint8Array>;
  /** Bytes of SEAL's memory in each worker, and workers replaced so far. */
  memory(): Promise<{ readonly bytes: readonly number[]; readonly replaced: number }>;
  close(): Promise<void>;
}
