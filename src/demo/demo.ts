import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditEvent, auditRun } from '../audit/index.ts';
import type { AuditReport } from '../contracts/index.ts';
import { drawPlantedSets, type PlantEvent } from './planted-sets.ts';

export interface DemoOptions {
  readonly seed: number;
  /** Where the run goes, and the pictures, in a folder `demo-faces`. */
  readonly runsDir: string;
  readonly signal?: AbortSignal | undefined;
}

export type DemoEvent = PlantEvent | AuditEvent;

/** How well the audit did, which only a demo can know: it planted the copies itself. */
export interface DemoOutcome {
  readonly report: AuditReport;
  /** The audit's run folder. */
  readonly path: string;
  readonly planted: number;
  /** Planted copies that were called and traced to their original. */
  readonly found: number;
  /** Calls of what was not planted. */
  readonly falseCalls: number;
}

/**
 * The guided tour: draws a training set with a skew, "generated" faces with a stronger one and planted copies, and audits them.
 *
 * @throws what drawing and auditing throw; `interrupted`.
 */
export async function* runDemo({ seed, runsDir, signal }: DemoOptions): AsyncGenerator<DemoEvent, DemoOutcome> {
  const folder = join(runsDir, 'demo-faces');
  await rm(folder, { recursive: true, force: true });
  const sets = yield* drawPlantedSets(folder, { seed, signal });
  const { training, generated, heldout, copies } = sets;
  let path = '';
  const audit = auditRun(
    { training, generated, heldout, attributes: ['gender', 'ageGroup', 'skin_tone'], noFace: 'whole', seed },
    { runsDir, name: 'demo', signal },
  );
  let step = await audit.next();
  while (!step.done) {
    if (step.value.type === 'run') path = step.value.path;
    yield step.value;
    step = await audit.next();
  }
  const report = step.value;
  const called = report.replication.pairs.filter(({ copy }) => copy);
  const found = called.filter(pair => copies.get(pair.generated) === pair.training).length;
  const falseCalls = called.filter(pair => !copies.has(pair.generated)).length;
  return { report, path, planted: copies.size, found, falseCalls };
}
