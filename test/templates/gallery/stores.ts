import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Driver,
  GalleryService,
  GalleryStore,
  type Limits,
  leastProduct,
  type Opener,
} from '../../../src/jobs/templates/gallery/index.ts';
import {
  AdditiveIndex,
  KeyHolder,
  KeyRing,
  openPostgres,
  openSqlite,
  sha256,
} from '../../../src/jobs/templates/gallery/node.ts';
import { noPostgres, startCluster } from './cluster.ts';

/** A kind of store for the conformance suite: `open` gives the same database until `reset`. */
export interface Place {
  readonly name: string;
  readonly skip: string | null;
  begin(): Promise<void>;
  open(): Promise<Driver>;
  /** What `biolens gallery serve --store` is given. */
  readonly spec: () => string;
  reset(): Promise<void>;
  end(): Promise<void>;
  /** Kills the database's own process, where it has one. */
  killServer?(): Promise<void>;
}

function sqlitePlace(): Place {
  let folder = '';
  const path = (): string => join(folder, 'gallery.db');
  return {
    name: 'SQLite',
    skip: null,
    begin: async () => {
      folder = mkdtempSync(join(tmpdir(), 'biolens-gallery-'));
    },
    open: async () => openSqlite(path()),
    spec: path,
    reset: async () => {
      for (const end of ['', '-wal', '-shm']) rmSync(`${path()}${end}`, { force: true });
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function postgresPlace(): Place {
  let cluster: Awaited<ReturnType<typeof startCluster>> | undefined;
  return {
    name: 'PostgreSQL',
    skip: noPostgres,
    begin: async () => {
      cluster = await startCluster();
    },
    open: () => openPostgres(cluster!.url),
    spec: () => cluster!.url,
    reset: async () => {
      const driver = await openPostgres(cluster!.url);
      await driver.transaction(async sql => {
        for (const table of ['gallery', 'templates', 'limits', 'audit'])
          await sql.query(`DROP TABLE IF EXISTS ${table}`);
      });
      await driver.close();
    },
    end: async () => cluster?.stop(),
    killServer: async () => {
      await cluster!.kill();
      await cluster!.start();
    },
  };
}

export const PLACES: readonly Place[] = [sqlitePlace(), postgresPlace()];

export const CONFIG = { dimension: 16, threshold: 0.8, embedder: 'test' } as const;

export interface OpenOptions {
  readonly keys: string;
  /** What seals, instead of the key file. */
  readonly sealer?: Opener;
  /** Default `clear`. */
  readonly mode?: 'clear' | 'additive';
  readonly limits?: Limits | null;
  readonly now?: () => number;
  readonly rekeyBatch?: number;
}

export async function openGallery(
  place: Place,
  { keys, sealer, limits = null, mode = 'clear', ...options }: OpenOptions,
): Promise<GalleryService> {
  const store = await GalleryStore.open(await place.open(), CONFIG, sha256);
  const matching =
    mode === 'additive' ? await openAdditive(keys) : { keys: sealer ?? (await KeyRing.open(keys, { create: true })) };
  return GalleryService.open({ store, limits, ...matching, ...options });
}

/** Under the additive scheme, with room for a block at first. */
export async function openAdditive(path: string) {
  const { dimension, threshold } = CONFIG;
  const keys = await KeyHolder.open({ path, dimension, least: leastProduct(threshold) });
  return { keys, index: await AdditiveIndex.open(keys, { dimension, room: 2048 }) };
}

/** An embedding that is its own for each number: a unit vector in a random direction. */
export function faceOf(person: number, dimension: number = CONFIG.dimension): number[] {
  let state = (person + 1) * 2_654_435_761;
  return Array.from({ length: dimension }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
}
