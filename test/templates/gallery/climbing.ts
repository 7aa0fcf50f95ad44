import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BiolensError } from '../../../src/ground/errors.ts';
import { foldIn, openStream, type RandomStream, randomKey } from '../../../src/ground/math/index.ts';
import {
  GalleryClient,
  GalleryService,
  GalleryStore,
  LimitedError,
  type Limits,
} from '../../../src/jobs/templates/gallery/index.ts';
import {
  Clients,
  createGalleryApp,
  KeyRing,
  listenGallery,
  openSqlite,
  RIGHTS,
  sha256,
} from '../../../src/jobs/templates/gallery/node.ts';
import { climbService } from '../../../src/jobs/templates/index.ts';

export const WIDTH = 64;
/** A random direction is accepted with a probability of 1.1e-5: the share of a sphere in 64 dimensions within this cosine. */
export const THRESHOLD = 0.5;
/** A delay that is waited for; longer is a lock. */
const PATIENCE_MS = 3_600_000;
/** Of two images of a person; their cosine is about .735. */
const NOISE = 0.6;

const direction = (stream: RandomStream): Float64Array => Float64Array.from({ length: WIDTH }, () => stream.normal());

/** What a person looks like in one image. */
export function imageOf(person: number, image: number): number[] {
  const face = direction(openStream(foldIn(randomKey(71), `person ${person}`)));
  const noise = openStream(foldIn(randomKey(72), `${person}/${image}`));
  return Array.from(face, value => value + NOISE * noise.normal());
}

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};

export interface Climb {
  /** Null where nothing was accepted. */
  readonly found: Float64Array | null;
  readonly firstAccepted: number | null;
  readonly queries: number;
}

interface ClimbOptions {
  readonly budget: number;
  readonly together?: number;
  readonly start?: Float64Array;
}

/** A face that is just accepted as a person's, and not recognised by a system that has another image. */
export function lookalikeOf(person: number): Float64Array {
  const enrolled = imageOf(person, 0);
  const away = direction(openStream(foldIn(randomKey(74), `${person}`)));
  const length = Math.hypot(...enrolled) / Math.hypot(...away);
  let [near, far] = [0, 4];
  const at = (by: number): Float64Array => Float64Array.from(enrolled, (value, j) => value + by * length * away[j]!);
  for (let i = 0; i < 40; i++) {
    const middle = (near + far) / 2;
    if (cosine(at(middle), enrolled) >= THRESHOLD + 0.02) near = middle;
    else far = middle;
  }
  return at(near);
}

/** How alike what was climbed to and the enrolled image are. */
export const similarityOf = ({ found }: Pick<Climb, 'found'>, person: number): number =>
  found === null ? 0 : cosine(found, imageOf(person, 0));

/** Whether a face that was climbed to is taken for the person by a system that has another image. */
export const isRecognised = ({ found }: Pick<Climb, 'found'>, person: number): boolean =>
  found !== null && cosine(found, imageOf(person, 1)) >= THRESHOLD;

/** A running gallery of some people, reached over HTTP, with a clock that its clients can wait by. */
export async function openTarget({ people, limits }: { readonly people: number; readonly limits: Limits | null }) {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-climb-'));
  const config = { dimension: WIDTH, threshold: THRESHOLD, embedder: 'test' };
  const store = await GalleryStore.open(openSqlite(join(folder, 'gallery.db')), config, sha256);
  const keys = await KeyRing.open(join(folder, 'keys.json'), { create: true });
  let now = 1_000_000;
  const service = await GalleryService.open({ store, keys, limits, now: () => now });
  const clients = await Clients.open(join(folder, 'clients.json'));
  const token = await clients.add('all', RIGHTS);
  const running = await listenGallery(createGalleryApp(service, clients), { host: '127.0.0.1', port: 0 });
  const gallery = new GalleryClient({ url: running.url, token });
  await Promise.all(Array.from({ length: people }, (_, i) => gallery.enroll(`person ${i}`, imageOf(i, 0))));
  let attempts = 0;

  /** One attempt after another, as long as a locked subject is not in the way. */
  const ask = async (person: number, probe: ArrayLike<number>): Promise<boolean> => {
    for (let failures = 0; ; ) {
      try {
        const { accepted } = await gallery.verify(`person ${person}`, probe);
        attempts++;
        return accepted;
      } catch (error) {
        // A connection that broke is made anew.
        if (error instanceof BiolensError && error.code === 'external' && failures++ < 5) continue;
        if (!(error instanceof LimitedError) || error.retryAfterMs > PATIENCE_MS) throw error;
        now += error.retryAfterMs;
      }
    }
  };

  return {
    /** Attempts that were looked at. */
    attempts: () => attempts,
    /**
     * Climbs to a person by accept or reject. Random directions are tried first, some at a time, and the climb starts at the first that is accepted,
     * or at a lookalike that will be; delays are waited for, a lock ends it.
     */
    async climb(person: number, { budget, together = 1, start }: ClimbOptions): Promise<Climb> {
      const stream = openStream(foldIn(randomKey(73), `${person}`));
      let queries = 0;
      const once = async (unit: Float64Array): Promise<boolean> => {
        const accepted = await ask(person, unit);
        queries++;
        return accepted;
      };
      /** The last that was accepted: what an attacker who is locked out has. */
      let last: Float64Array | null = null;
      const accepts = async (unit: Float64Array): Promise<boolean> => {
        const accepted = await once(unit);
        if (accepted) last = unit;
        return accepted;
      };
      try {
        let first: Float64Array | null = start ?? null;
        while (first === null && queries < budget) {
          const tries = Array.from({ length: together }, () => direction(stream));
          const accepted = await Promise.all(tries.map(one => once(one)));
          first = tries[accepted.indexOf(true)] ?? null;
        }
        const firstAccepted = queries;
        if (first === null) return { found: null, firstAccepted: null, queries };
        const options = { width: WIDTH, stream, budget: budget - firstAccepted };
        const { found } = await climbService(accepts, [first], options);
        return { found, firstAccepted, queries };
      } catch (error) {
        if (!(error instanceof LimitedError)) throw error;
        return { found: last, firstAccepted: null, queries };
      }
    },
    [Symbol.asyncDispose]: async () => {
      await running.close();
      await service.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
