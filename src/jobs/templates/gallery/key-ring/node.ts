import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { access } from 'node:fs/promises';
import { z } from 'zod';
import { readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import type { Opener, RecordPlace } from '../service.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const keyFileSchema = z.strictObject({
  schema: z.literal('biolens/gallery-keys@1'),
  /** Authenticates requests that are repeated; never changes. */
  tagKey: z.base64(),
  /** A key a generation, in base64. */
  keys: z.record(z.string().regex(/^[1-9]\d{0,8}$/), z.base64()),
});
type KeyFile = z.infer<typeof keyFileSchema>;

const associated = ({ template, subject, generation }: RecordPlace): Buffer =>
  Buffer.from(JSON.stringify(['biolens/gallery', 1, template, subject, generation]));

/**
 * The keys of a gallery, one a generation, in a file of its own (mode 0600) apart from the database.
 *
 * Adversary: whoever has the database or a backup of it, without this file: records are AES-256-GCM. Whoever has both has the templates. Once
 * re-keying has ended, the older keys are erased here, and older copies of the database are of no use to anybody.
 */
export class KeyRing implements Opener {
  readonly path: string;
  readonly #keys: Map<number, Buffer>;
  readonly #tagKey: Buffer;
  /** Derived from the keys, for records; opened once, which takes longer than sealing a record. */
  readonly #derived = new Map<number, KeyObject>();
  readonly #tagger: KeyObject;

  private constructor(path: string, { tagKey, keys }: KeyFile) {
    this.path = path;
    this.#tagKey = Buffer.from(tagKey, 'base64');
    this.#keys = new Map(Object.entries(keys).map(([at, key]) => [Number(at), Buffer.from(key, 'base64')]));
    const wrong = [this.#tagKey, ...this.#keys.values()].some(key => key.length !== KEY_BYTES);
    if (wrong)
      throw new BiolensError('input', `${path}: expected keys of ${KEY_BYTES} bytes`, { details: { file: path } });
    this.#tagger = createSecretKey(this.#tagKey);
  }

  /** Opens a key file. @param create makes one with a first key where there is none @throws {BiolensError} `input` naming the file */
  static async open(path: string, { create }: { readonly create: boolean }): Promise<KeyRing> {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere && create) {
      const key = (): string => randomBytes(KEY_BYTES).toString('base64');
      const ring = new KeyRing(path, { schema: 'biolens/gallery-keys@1', tagKey: key(), keys: { 1: key() } });
      await ring.#save();
      return ring;
    }
    const parsed = keyFileSchema.safeParse(await readJsonFile(path, { mostBytes: 100_000 }));
    if (!parsed.success)
      throw new BiolensError('input', `${path}: no key file of a gallery (${parsed.error.issues[0]?.path.join('.')})`, {
        details: { file: path },
      });
    return new KeyRing(path, parsed.data);
  }

  get generations(): readonly number[] {
    return [...this.#keys.keys()].sort((a, b) => a - b);
  }

  /** Makes the key of a generation, on the disk before it is used. */
  async add(generation: number): Promise<void> {
    if (this.#keys.has(generation)) return;
    this.#keys.set(generation, randomBytes(KEY_BYTES));
    await this.#save();
  }

  /** Erases the keys of all generations before one. */
  async removeBefore(generation: number): Promise<void> {
    const old = this.generations.filter(one => one < generation);
    if (old.length === 0) return;
    for (const one of old) {
      this.#keys.delete(one);
      this.#derived.delete(one);
    }
    await this.#save();
  }

  async seal(template: Uint8Array, place: RecordPlace): Promise<Uint8Array> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(place), nonce).setAAD(associated(place));
    return Buffer.concat([nonce, cipher.update(template), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws {BiolensError} `external` where the record was changed, moved, or sealed with a key that is not here */
  async open(record: Uint8Array, place: RecordPlace): Promise<Uint8Array> {
    try {
      const end = record.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(place), record.subarray(0, NONCE_BYTES));
      decipher.setAAD(associated(place)).setAuthTag(record.subarray(end));
      return Buffer.concat([decipher.update(record.subarray(NONCE_BYTES, end)), decipher.final()]);
    } catch (error) {
      if (error instanceof BiolensError) throw error;
      throw new BiolensError('external', `template ${place.template}: its record does not open`, { cause: error });
    }
  }

  async reseal(record: Uint8Array, place: RecordPlace, generation: number): Promise<Uint8Array> {
    return this.seal(await this.open(record, place), { ...place, generation });
  }

  /** Tells whether two requests are the same, and nothing else about them to whoever lacks the key. */
  async tag(text: string): Promise<string> {
    return createHmac('sha256', this.#tagger).update(text).digest('base64url');
  }

  #keyOf({ generation, template }: RecordPlace): KeyObject {
    const known = this.#derived.get(generation);
    if (known !== undefined) return known;
    const key = this.#keys.get(generation);
    if (key === undefined)
      throw new BiolensError(
        'external',
        `template ${template}: the key of generation ${generation} is not in ${this.path}`,
      );
    const derived = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'biolens/gallery/record', KEY_BYTES)));
    this.#derived.set(generation, derived);
    return derived;
  }

  #save(): Promise<void> {
    const keys = Object.fromEntries([...this.#keys].map(([at, key]) => [at, key.toString('base64')]));
    const file: KeyFile = { schema: 'biolens/gallery-keys@1', tagKey: this.#tagKey.toString('base64'), keys };
    return writeAtomically(this.path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  }
}

/** SHA-256 in hexadecimal, as the audit log has it. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
