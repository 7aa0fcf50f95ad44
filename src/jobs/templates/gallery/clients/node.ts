import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { access } from 'node:fs/promises';
import { z } from 'zod';
import { readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import { nameSchema } from '../schemas.ts';

/** What a client may do. */
export const RIGHTS = ['enroll', 'match', 'revoke', 'rekey', 'export', 'audit', 'metrics'] as const;
export type Right = (typeof RIGHTS)[number];

const clientSchema = z.strictObject({
  name: nameSchema,
  /** SHA-256 of its token, in hexadecimal. */
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/),
  may: z.array(z.enum(RIGHTS)),
});
const clientsFileSchema = z.strictObject({
  schema: z.literal('biolens/gallery-clients@1'),
  clients: z.array(clientSchema).max(10_000),
});
export type GalleryClientEntry = z.infer<typeof clientSchema>;

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Who may ask what of a gallery; a file that holds no token, only their digests. */
export class Clients {
  readonly path: string;
  readonly #entries: GalleryClientEntry[];

  private constructor(path: string, entries: readonly GalleryClientEntry[]) {
    this.path = path;
    this.#entries = [...entries];
  }

  /** @throws {BiolensError} `input` naming the file */
  static async open(path: string): Promise<Clients> {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) return new Clients(path, []);
    const parsed = clientsFileSchema.safeParse(await readJsonFile(path, { mostBytes: 10_000_000 }));
    if (!parsed.success)
      throw new BiolensError('input', `${path}: no file of clients (${parsed.error.issues[0]?.path.join('.')})`, {
        details: { file: path },
      });
    return new Clients(path, parsed.data.clients);
  }

  get names(): readonly string[] {
    return this.#entries.map(({ name }) => name);
  }

  /** Adds a client. @returns its token, which is kept nowhere else */
  async add(name: string, may: readonly Right[]): Promise<string> {
    const parsed = nameSchema.safeParse(name);
    if (!parsed.success)
      throw new BiolensError('usage', '"name" expected 1 to 200 characters, none of them control characters');
    if (this.#entries.some(entry => entry.name === name))
      throw new BiolensError('usage', `${this.path}: there is a client "${name}" already`);
    const token = randomBytes(32).toString('base64url');
    this.#entries.push({ name, tokenHash: hashOf(token), may: [...new Set(may)] });
    const file = { schema: 'biolens/gallery-clients@1', clients: this.#entries };
    await writeAtomically(this.path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    return token;
  }

  /** Whose token it is; takes as long for every token. */
  find(token: string): GalleryClientEntry | null {
    const given = Buffer.from(hashOf(token));
    let found: GalleryClientEntry | null = null;
    for (const entry of this.#entries) if (timingSafeEqual(given, Buffer.from(entry.tokenHash))) found = entry;
    return found;
  }
}
