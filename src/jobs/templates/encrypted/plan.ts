import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import { DEFAULT_SCALE, DIMENSIONS } from './quantise.ts';
import { type Proof, proveCkks, proveGallery, provePair, proveProbe } from './scales.ts';

/**
 * Who is kept from what:
 *
 * - `encrypted-gallery`: the server stores encrypted templates and sees the probe when it matches. Adversary: whoever copies the database.
 * - `both-encrypted`: the server sees neither. Adversary: a curious server.
 * - `encrypted-probe`: the server matches a probe it cannot see with its own clear gallery. Adversary: a server that collects probes.
 *
 * In each the client holds the secret key and decides. None keeps a lying server from answering wrongly, and in `encrypted-probe` a client
 * that lies learns the gallery, a template from as many probes as it has dimensions.
 */
export const MODES = ['encrypted-gallery', 'both-encrypted', 'encrypted-probe'] as const;
export type Mode = (typeof MODES)[number];
/** The same, or the additive scheme, which has a plan of its own. */
export type MatchMode = Mode | 'additive';

export const SCHEMES = ['bfv', 'ckks'] as const;
/** BFV computes whole numbers exactly; CKKS is faster where both are encrypted, and approximate. */
export type Scheme = (typeof SCHEMES)[number];

/** `dimensions`: a ciphertext holds one dimension of many templates, for 1:N. `rotations`: one holds a template, for 1:1. */
export const PACKINGS = ['dimensions', 'rotations'] as const;
export type Packing = (typeof PACKINGS)[number];

export const settingSchema = z.strictObject({
  mode: z.enum(MODES),
  scheme: z.enum(SCHEMES).default('bfv'),
  packing: z.enum(PACKINGS).default('dimensions'),
  dimension: z.number().int().min(DIMENSIONS.least).max(DIMENSIONS.most),
  /** Unit vectors are multiplied by this and rounded. For CKKS it is a power of two. By default the largest that the parameters allow for. */
  scale: z.number().int().positive().optional(),
});
export type Setting = z.input<typeof settingSchema>;

/** SEAL's parameters, in bits of each prime; the last of several is used for switching keys alone. All give 128 bits by the HE standard's table. */
export interface SealParameters {
  readonly scheme: Scheme;
  readonly degree: 2048 | 4096 | 8192;
  readonly primeBits: readonly number[];
  /** BFV: what whole numbers are kept modulo of. 0 for CKKS. */
  readonly plainModulus: number;
}

/** All that both sides must agree on before a byte is exchanged. */
export interface Plan {
  readonly mode: Mode;
  readonly packing: Packing;
  readonly dimension: number;
  readonly scale: number;
  readonly parameters: SealParameters;
  /** Templates in a block. */
  readonly blockSize: number;
  readonly proof: Proof;
}

/** The smallest prime ≥ `least` that is 1 modulo `step`, so that slots can be rotated. */
function batchingPrime(least: number, step: number): number {
  const isPrime = (n: number): boolean => {
    for (let i = 3; i * i <= n; i += 2) if (n % i === 0) return false;
    return true;
  };
  let candidate = Math.ceil((least - 1) / step) * step + 1;
  while (!isPrime(candidate)) candidate += step;
  return candidate;
}

function ckksPlan({ dimension, packing, scale }: z.output<typeof settingSchema>): Plan {
  const degree = packing === 'rotations' ? 4096 : 8192;
  const primeBits = packing === 'rotations' ? [54, 55] : [59, 60];
  const chosen = scale ?? 2 ** Math.floor((primeBits[0]! - 2) / 2);
  const parameters: SealParameters = { scheme: 'ckks', degree, primeBits, plainModulus: 0 };
  const proof = proveCkks({ dimension, scale: chosen, degree, primeBits, packing });
  const blockSize = packing === 'rotations' ? 1 : degree / 2;
  return { mode: 'both-encrypted', packing, dimension, scale: chosen, parameters, blockSize, proof };
}

function pairPlan({ dimension, packing, scale = DEFAULT_SCALE }: z.output<typeof settingSchema>): Plan {
  const degree = 4096;
  const primeBits = [36, 36, 37];
  const plainModulus = batchingPrime(2 * (scale + Math.sqrt(dimension) / 2) ** 2 + 2, 2 * degree);
  const proof = provePair({ dimension, scale, degree, primeBits, plainModulus, packing });
  const parameters: SealParameters = { scheme: 'bfv', degree, primeBits, plainModulus };
  const blockSize = packing === 'rotations' ? 1 : degree;
  return { mode: 'both-encrypted', packing, dimension, scale, parameters, blockSize, proof };
}

function onePlan({ mode, dimension, scale = DEFAULT_SCALE }: z.output<typeof settingSchema>): Plan {
  const degree = 2048;
  const primeBits = [54];
  const plainModulus = 2 ** Math.ceil(Math.log2(2 * (scale + Math.sqrt(dimension) / 2) ** 2 + 2));
  const parameters: SealParameters = { scheme: 'bfv', degree, primeBits, plainModulus };
  const prove = mode === 'encrypted-gallery' ? proveGallery : proveProbe;
  const proof = prove({ dimension, scale, degree, primeBits, plainModulus });
  return { mode, packing: 'dimensions', dimension, scale, parameters, blockSize: degree, proof };
}

/**
 * Chooses parameters for a mode and proves that no score wraps and no noise spills for any embeddings of that dimension and scale.
 *
 * @throws {BiolensError} `usage` naming the field, for what cannot be proved
 * @example
 * planMatching({ mode: 'encrypted-gallery', dimension: 512 }).scale; // 250
 */
export function planMatching(setting: Setting): Plan {
  const parsed = settingSchema.safeParse(setting);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BiolensError('usage', `"${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
  }
  const { mode, scheme, packing } = parsed.data;
  if (mode === 'both-encrypted') return scheme === 'ckks' ? ckksPlan(parsed.data) : pairPlan(parsed.data);
  if (scheme === 'ckks') throw new BiolensError('usage', `"scheme" expected bfv in mode ${mode}, got ckks`);
  if (packing === 'rotations')
    throw new BiolensError('usage', `"packing" expected dimensions in mode ${mode}, got rotations`);
  return onePlan(parsed.data);
}

/** The plan in one line: what an envelope's fingerprint is made of. */
export function describePlan({ mode, packing, dimension, scale, parameters }: Plan): string {
  const { scheme, degree, primeBits, plainModulus } = parameters;
  return [mode, packing, dimension, scale, scheme, degree, primeBits.join('+'), plainModulus].join('/');
}
