import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream, randomKey } from '../src/ground/math/index.ts';
import { GalleryClient, GalleryService, GalleryStore } from '../src/jobs/templates/gallery/index.ts';
import { Clients, KeyRing, loadTables, openSqlite, RIGHTS, sha256 } from '../src/jobs/templates/gallery/node.ts';
import type { BenchResult } from './bench-result.ts';

const DIMENSIONS = [128, 512];
const TEMPLATES = 100_000;
/** Enrolments that wait at the same time. */
const TOGETHER = 64;
const CLIENTS = 10;
const MATCHES = 100;
const TURNS = 5;
const OVER_HTTP = 4000;

const faceOf = (person: number, dimension: number): number[] =>
  Array.from(openStream(randomKey(person)).fillNormal(new Float32Array(dimension)));

/** Runs `work` for 0 … count − 1, some at a time. @returns seconds */
async function inFlight(count: number, together: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: together }, one));
  return (performance.now() - begun) / 1000;
}

async function measure(dimension: number): Promise<Record<'inside' | 'http' | 'p50' | 'p99' | 'start', number>> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-bench-gallery-'));
  try {
    const config = { dimension, threshold: 0.6, embedder: 'bench' };
    const store = await GalleryStore.open(openSqlite(join(folder, 'gallery.db')), config, sha256);
    const keys = await KeyRing.open(join(folder, 'keys.json'), { create: true });
    const service = await GalleryService.open({ store, keys, limits: null, table: await loadTables() });
    const inside = await inFlight(TEMPLATES, TOGETHER, i =>
      service.enroll('bench', { subject: `${i}`, embedding: faceOf(i, dimension), idempotencyKey: `${i}` }),
    );
    await service.close();
    const token = await (await Clients.open(join(folder, 'clients.json'))).add('bench', RIGHTS);
    const script = join(import.meta.dirname, 'gallery-serve.ts');
    const begun = performance.now();
    const child = spawn(process.execPath, [script, folder, `${dimension}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const start = (performance.now() - begun) / 1000;
      const gallery = new GalleryClient({ url: line.toString().trim(), token });
      await gallery.identify(faceOf(0, dimension));
      const people = Array.from({ length: CLIENTS * MATCHES }, (_, i) => (i * 97) % TEMPLATES);
      const faces = people.map(person => faceOf(person, dimension));
      const turns: number[][] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        const times: number[] = [];
        await inFlight(people.length, CLIENTS, async i => {
          const before = performance.now();
          const { matches } = await gallery.identify(faces[i]!);
          times.push(performance.now() - before);
          if (matches[0]?.identity !== `${people[i]}`) throw new Error(`${people[i]} was not found`);
        });
        turns.push(times.sort((a, b) => a - b));
      }
      const http = await inFlight(OVER_HTTP, TOGETHER, i =>
        gallery.enroll(`new ${i}`, faceOf(TEMPLATES + i, dimension)),
      );
      const at = (share: number): number =>
        Math.min(...turns.map(times => times[Math.floor(share * (times.length - 1))]!));
      return { inside: TEMPLATES / inside, http: OVER_HTTP / http, p50: at(0.5), p99: at(0.99), start };
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The gallery service on SQLite, flushed to the disk at every commit. */
export async function bench(): Promise<BenchResult> {
  const rows: (string | number)[][] = [];
  const load = loadavg()[0]!;
  for (const dimension of DIMENSIONS) {
    const { inside, http, p50, p99, start } = await measure(dimension);
    rows.push([
      `${dimension}-d`,
      Math.round(inside),
      Math.round(http),
      p50.toFixed(0),
      p99.toFixed(0),
      start.toFixed(1),
    ]);
    console.error(`  ${dimension}-d done`);
  }
  return {
    title: `The gallery service: SQLite with synchronous=FULL, ${TEMPLATES.toLocaleString('en')} templates`,
    columns: [
      'embeddings',
      'enrolments a second, in process',
      'over HTTP',
      '1:N over HTTP, median (ms)',
      '99th percentile (ms)',
      'start (s)',
    ],
    rows,
    notes: [
      `Load average when it began: ${load.toFixed(1)}. ${TOGETHER} enrolments wait at the same time; each is acknowledged after its commit. Over HTTP the client shares the machine, and its processor time is in the figure.`,
      `1:N: ${CLIENTS} clients, ${CLIENTS * MATCHES} matches a turn, the least of ${TURNS} turns; limits on, a commit each.`,
    ],
  };
}
