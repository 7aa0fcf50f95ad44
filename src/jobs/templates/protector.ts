import { BiolensError } from '../../ground/errors.ts';
import { deriveKey, randomBytes, SALT_BYTES } from './keys.ts';
import {
  type AuxiliaryData,
  digestCentre,
  fromBase64,
  MOST_WIDTH,
  openRecord,
  sealRecord,
  type TemplateRecord,
  toBase64,
} from './record.ts';
import type { Scheme, Template } from './scheme.ts';
import { findScheme } from './schemes.ts';

export interface ProtectorOptions {
  /** Name of the scheme. */
  readonly scheme: string;
  /** SHA-256 of the embedder as hexadecimal digits: records of different embedders never compare. */
  readonly embedder: string;
  /** Subtracted from every embedding; null or absent for nothing. */
  readonly centre?: ArrayLike<number> | null;
}

/**
 * Makes and compares templates that can be revoked. Secrets are given at each call and kept nowhere.
 *
 * Adversary and leaks: a thief of records without the secret learns no more than the evaluation of the scheme shows (unlinkability); a thief
 * with the secret gets the face back for every scheme here, as the attacks show; a service that answers with scores or without a limit lets
 * anybody climb to the face.
 */
export interface Protector {
  /**
   * Enrols an embedding.
   *
   * @param embedding `[d]`, as the network gives it
   * @param secret of the user or the server, 16 random bytes or more
   * @throws BiolensError `input` for an embedding that is not finite, all zeros or too wide
   */
  protect(embedding: ArrayLike<number>, secret: Uint8Array): TemplateRecord;
  /**
   * How alike a probe is to a record: the scheme's similarity.
   *
   * @throws BiolensError `input` for a record that is not authentic, revoked, or of another scheme, embedder, centre or width
   */
  compare(record: unknown, probe: ArrayLike<number>, secret: Uint8Array): number;
  /** Never compares this record again, nor any with its salt. */
  revoke(record: TemplateRecord): void;
  /** A new record of a fresh embedding that no old record matches; the old one is revoked. */
  renew(record: TemplateRecord, embedding: ArrayLike<number>, secret: Uint8Array): TemplateRecord;
  /** Salts of what was revoked, to be stored with the records and given back to `openProtector`. */
  readonly revoked: ReadonlySet<string>;
}

function prepare(embedding: ArrayLike<number>, centre: ArrayLike<number> | null): Float64Array {
  const width = embedding.length;
  if (width < 2 || width > MOST_WIDTH)
    throw new BiolensError('input', `"embedding" expected 2 to ${MOST_WIDTH} numbers, got ${width}`);
  if (centre !== null && centre.length !== width)
    throw new BiolensError('input', `"embedding" expected ${centre.length} numbers like the centre, got ${width}`);
  const out = Float64Array.from(embedding, (value, i) => value - (centre?.[i] ?? 0));
  const bad = out.findIndex(value => !Number.isFinite(value));
  if (bad >= 0)
    throw new BiolensError('input', `"embedding" number ${bad} is ${embedding[bad]}, expected a finite number`);
  const largest = out.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) throw new BiolensError('input', '"embedding" is all zeros, which is no face');
  const scaled = out.map(value => value / largest);
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return scaled.map(value => value / length);
}

function templateOf(scheme: Scheme, auxiliary: AuxiliaryData, unit: Float64Array, secret: Uint8Array): Template {
  const key = deriveKey(secret, { salt: fromBase64(auxiliary.salt), purpose: `template/${scheme.name}` });
  return scheme.open(key, unit.length).protect(unit);
}

/**
 * Opens a scheme for enrolling and comparing.
 *
 * @param revoked salts that were revoked before
 * @throws BiolensError `usage` for a scheme that there is not, or an embedder that is no digest
 * @example
 * const protector = openProtector({ scheme: 'biohash', embedder: digestHex(modelBytes) });
 * const record = protector.protect(embedding, secret);
 * const score = protector.compare(record, probe, secret);
 */
export function openProtector(
  { scheme: name, embedder, centre = null }: ProtectorOptions,
  revoked: Iterable<string> = [],
): Protector {
  const scheme = findScheme(name);
  if (!/^[0-9a-f]{64}$/.test(embedder))
    throw new BiolensError('usage', '"embedder" expected the SHA-256 of the model as 64 hexadecimal digits');
  const dead = new Set(revoked);
  const centreDigest = digestCentre(centre);
  const enrol = (embedding: ArrayLike<number>, secret: Uint8Array, version: number): TemplateRecord => {
    const unit = prepare(embedding, centre);
    const auxiliary: AuxiliaryData = {
      schema: 'biolens/auxiliary-data@1',
      scheme: name,
      width: unit.length,
      salt: toBase64(randomBytes(SALT_BYTES)),
      version,
      embedder,
      centre: centreDigest,
    };
    return sealRecord(secret, auxiliary, templateOf(scheme, auxiliary, unit, secret));
  };
  return {
    revoked: dead,
    protect: (embedding, secret) => enrol(embedding, secret, 1),
    compare(record, probe, secret) {
      const { auxiliary, template } = openRecord(secret, record);
      const refuse = (field: string): BiolensError =>
        new BiolensError('input', `record: "auxiliary.${field}" is another one than that of the probe`);
      if (dead.has(auxiliary.salt)) throw new BiolensError('input', 'record: revoked');
      if (auxiliary.scheme !== name) throw refuse('scheme');
      if (auxiliary.embedder !== embedder) throw refuse('embedder');
      if (auxiliary.centre !== centreDigest) throw refuse('centre');
      const unit = prepare(probe, centre);
      if (auxiliary.width !== unit.length) throw refuse('width');
      return scheme.compare(templateOf(scheme, auxiliary, unit, secret), template);
    },
    revoke: ({ auxiliary }) => {
      dead.add(auxiliary.salt);
    },
    renew(record, embedding, secret) {
      const { auxiliary } = openRecord(secret, record);
      const renewed = enrol(embedding, secret, auxiliary.version + 1);
      dead.add(auxiliary.salt);
      return renewed;
    },
  };
}
