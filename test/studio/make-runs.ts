import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditReport, Pair } from '../../src/ground/contracts/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { createRun, type Run } from '../../src/kit/runs/index.ts';
import { auditReport } from '../web/fixtures.ts';

export interface MadeRuns {
  readonly folder: string;
  readonly runsDir: string;
  readonly run: Run;
  readonly report: AuditReport;
  readonly remove: () => void;
}

/** A picture in one colour with a stripe, so that blurring changes it. */
export function stripedPng(colour: readonly [number, number, number]): Promise<Uint8Array> {
  const side = 64;
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) {
    const stripe = i % 8 < 4 ? 0 : 60;
    for (let k = 0; k < 3; k++) data[i * 3 + k] = Math.min(255, colour[k]! + stripe);
  }
  return encodePng({ width: side, height: side, data });
}

/** Names of pictures that the report speaks of although they must never be served. */
export const FORBIDDEN = {
  parent: '../secret.png',
  absolute: '/etc/hostname',
  link: 'link-out.png',
  linkedFolder: 'linked/secret.png',
  encoded: '..%2fsecret.png',
  nul: 'a\u0000.png',
} as const;

/**
 * A folder with one finished audit of a few pictures. Beside the sets lies `secret.png`, to which a link in the training folder
 * leads, and the report names it in every way it could be asked for.
 */
export async function makeRuns(): Promise<MadeRuns> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-studio-'));
  const runsDir = join(folder, 'runs');
  const training = join(folder, 'training');
  const generated = join(folder, 'generated');
  for (const path of [training, generated, join(folder, 'elsewhere')]) mkdirSync(path);
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) {
    writeFileSync(join(training, name), await stripedPng([60 * i, 80, 120]));
    writeFileSync(join(generated, name), await stripedPng([60 * i, 90, 110]));
  }
  writeFileSync(join(folder, 'secret.png'), await stripedPng([1, 2, 3]));
  writeFileSync(join(folder, 'elsewhere/secret.png'), await stripedPng([1, 2, 3]));
  writeFileSync(join(training, 'not-named.png'), await stripedPng([9, 9, 9]));
  writeFileSync(join(training, 'broken.png'), 'this is no picture');
  symlinkSync(join(folder, 'secret.png'), join(training, FORBIDDEN.link));
  symlinkSync(join(folder, 'elsewhere'), join(training, 'linked'));
  symlinkSync(join(training, 'a.png'), join(training, 'link-within.png'));

  const names = ['a.png', 'b.png', 'c.png', 'broken.png', 'link-within.png', 'gone.png', ...Object.values(FORBIDDEN)];
  const base = auditReport();
  const pairs: Pair[] = names.map((name, i) => ({
    generated: ['a.png', 'b.png', 'c.png'][i] ?? `missing-${i}.png`,
    training: name,
    similarity: 0.9 - i / 100,
    pValue: 0.001,
    qValue: 0.01,
    copy: i < 3,
  }));
  const report = auditReport({
    sets: {
      training: { source: training, kind: 'images', n: names.length, embedded: names.length },
      generated: { source: generated, kind: 'images', n: 3, embedded: 3 },
      heldout: null,
    },
    replication: { ...base.replication, pairs, duplicates: { ...base.replication.duplicates, clusters: [] } },
  });
  const run = await createRun({
    kind: 'audit',
    name: 'faces',
    runsDir,
    seed: 1,
    configuration: { training, generated },
    now: () => new Date('2026-11-24T10:00:00Z'),
  });
  await run.append({ file: 'a.png' });
  await run.append({ file: 'b.png' });
  await run.complete(report);
  return { folder, runsDir, run, report, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
