import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GalleryClient } from '../../../src/jobs/templates/gallery/index.ts';
import { Clients, RIGHTS } from '../../../src/jobs/templates/gallery/node.ts';
import { CONFIG, faceOf, type Place } from './stores.ts';

export interface StormOptions {
  readonly clients: number;
  readonly ms: number;
  /** Enrolments that there must be after the last kill, however long they take. Default 0. */
  readonly atLeastAfter?: number;
  /** When, from the start, the service is killed. */
  readonly killsAtMs: readonly number[];
  /** When the database's own process is. */
  readonly serverKillsAtMs?: readonly number[];
}

export interface StormResult {
  readonly enrolled: number;
  readonly revoked: number;
  readonly answers: number;
  readonly wrong: readonly string[];
  readonly templates: number;
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * Many clients enroll, match and revoke at once while `biolens gallery serve` is killed and started again. What was acknowledged must be
 * there, what was revoked refused, and no answer wrong.
 */
export async function storm(
  place: Place,
  { clients: count, ms, atLeastAfter = 0, killsAtMs, serverKillsAtMs = [] }: StormOptions,
): Promise<StormResult> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-storm-'));
  const clientsFile = join(folder, 'clients.json');
  const token = await (await Clients.open(clientsFile)).add('all', RIGHTS);
  const port = await freePort();
  const args = [
    ...['gallery', 'serve', '--store', place.spec(), '--keys', join(folder, 'keys.json'), '--clients', clientsFile],
    ...['--dimension', `${CONFIG.dimension}`, '--threshold', `${CONFIG.threshold}`, '--embedder', CONFIG.embedder],
    ...[
      '--port',
      `${port}`,
      '--lock-after',
      '1000000',
      '--client-rejections',
      '100000000',
      '--global-rejections',
      '100000000',
    ],
  ];
  let service: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const child = spawn(process.execPath, [resolve('bin/biolens.js'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    service = child;
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
  };
  const kill = async (): Promise<void> => {
    const child = service!;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await start();
  };
  const gallery = new GalleryClient({ url: `http://127.0.0.1:${port}`, token, retries: 300, wait: () => sleep(200) });
  await start();
  const begun = Date.now();
  let untilEnrolled = Number.POSITIVE_INFINITY;
  const over = (): boolean => Date.now() - begun > ms && enrolled.size >= untilEnrolled;
  const enrolled = new Map<number, string>();
  const revoked = new Set<number>();
  const wrong: string[] = [];
  let answers = 0;
  let next = 0;

  /** An attempt is not repeated by the client; here a broken one is simply left out. */
  const ask = async <T>(attempt: Promise<T>): Promise<T | null> =>
    attempt.then(
      answer => {
        answers++;
        return answer;
      },
      () => null,
    );
  const act = async (own: number): Promise<void> => {
    while (!over()) {
      const person = next++;
      const key = `key ${person}`;
      const { template } = await gallery.enroll(`person ${person}`, faceOf(person), { idempotencyKey: key });
      enrolled.set(person, template);
      const right = await ask(gallery.verify(`person ${person}`, faceOf(person)));
      if (right?.accepted === false) wrong.push(`${person} was not accepted`);
      const stranger = await ask(gallery.verify(`person ${person}`, faceOf(person + 1_000_000)));
      // At 16 numbers one stranger in some ten thousand is alike enough: number 1196 is.
      const isAlike = cosine(faceOf(person), faceOf(person + 1_000_000)) >= CONFIG.threshold;
      if (stranger !== null && stranger.accepted !== isAlike)
        wrong.push(`a stranger was ${isAlike ? 'not ' : ''}accepted as ${person}`);
      const found = await ask(gallery.identify(faceOf(person)));
      if (found !== null && found.matches[0]?.identity !== `person ${person}`) wrong.push(`${person} was not found`);
      if (person % 4 === own % 4) {
        await gallery.revoke(`person ${person}`);
        revoked.add(person);
        const after = await ask(gallery.verify(`person ${person}`, faceOf(person)));
        if (after?.accepted === true) wrong.push(`${person} was accepted after being revoked`);
      }
      // As after a lost answer.
      if (person % 5 === 0) {
        const again = await gallery.enroll(`person ${person}`, faceOf(person), { idempotencyKey: key });
        if (again.template !== template) wrong.push(`${person} has a second template`);
      }
    }
  };
  const disturb = async (): Promise<void> => {
    const plan = [
      ...killsAtMs.map(at => ({ at, what: kill })),
      ...serverKillsAtMs.map(at => ({ at, what: async () => place.killServer?.() })),
    ].sort((a, b) => a.at - b.at);
    for (const { at, what } of plan) {
      await sleep(Math.max(0, at - (Date.now() - begun)));
      await what();
    }
    untilEnrolled = enrolled.size + atLeastAfter;
    void gallery.rekey().catch(() => undefined);
  };
  try {
    await Promise.all([disturb(), ...Array.from({ length: count }, (_, own) => act(own))]);
    const left = new Map<string, string>();
    for await (const { template, subject } of gallery.export()) {
      if (left.has(subject)) wrong.push(`${subject} is there twice`);
      left.set(subject, template);
    }
    for (const [person, template] of enrolled) {
      const there = left.get(`person ${person}`);
      if (revoked.has(person) ? there !== undefined : there !== template)
        wrong.push(`${person} was ${revoked.has(person) ? 'revoked and is there' : 'acknowledged and is not there'}`);
    }
    return { enrolled: enrolled.size, revoked: revoked.size, answers, wrong, templates: left.size };
  } finally {
    service?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
