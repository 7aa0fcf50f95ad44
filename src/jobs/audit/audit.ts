import type { AuditReport } from '../../ground/contracts/index.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import type { Runtime } from '../../kit/tensor/index.ts';
import { type AttributeLabels, measureBias } from './bias.ts';
import { checkSets, type EmbeddedSets, type SetNames } from './embedded-sets.ts';
import { enginePairwise, plainPairwise } from './pairwise.ts';
import type { AuditProgress } from './progress.ts';
import { measureQuality } from './quality.ts';
import { measureReplication, type ReplicationSettings } from './replication.ts';
import { writeVerdict } from './verdict.ts';

/** The part of the report that embeddings and labels decide. */
export type AuditFindings = Pick<AuditReport, 'replication' | 'bias' | 'quality' | 'verdict'>;

export interface AuditOptions extends ReplicationSettings {
  /** The engine that does the work; plain loops without it, for a few thousand items. */
  readonly runtime?: Runtime | undefined;
  /** Name of the network that made the embeddings. */
  readonly embedder?: string | undefined;
  /** Labels of the training and generated items, in the order of the rows; a null label is unknown. */
  readonly attributes?: ReadonlyMap<string, AttributeLabels> | undefined;
  /** What messages call the sets. */
  readonly names?: SetNames | undefined;
  /** Same seed and data, same report. Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NAMES: SetNames = { training: 'training set', generated: 'generated set', heldout: 'held-out set' };

/**
 * Audits generated items against the training items of their generator: copies, bias, quality, and what that means in plain words.
 *
 * @param sets embeddings `[n, d]`, `[m, d]` and, best of all, `[h, d]` of real items that the generator never saw
 * @returns progress, and at the end the findings
 * @throws BiolensError `input` for embeddings of different widths, fewer than 2 items in a set, numbers that are not finite, rows of
 * zeros, or labels outside their classes; `usage` for settings out of range; `interrupted`
 * @example
 * const audit = auditEmbeddings(sets, { runtime, seed: 1 });
 * let step = await audit.next();
 * while (!step.done) step = await audit.next();
 * console.log(step.value.verdict[0]?.headline);
 */
export async function* auditEmbeddings(
  sets: EmbeddedSets,
  options: AuditOptions = {},
): AsyncGenerator<AuditProgress, AuditFindings> {
  const { runtime, embedder = 'unknown', attributes = new Map(), names = NAMES, seed = 0, signal } = options;
  const pairwise = runtime === undefined ? plainPairwise : enginePairwise(runtime);
  const key = foldIn(randomKey(seed), 'audit');
  await checkSets(sets, { names, signal });
  const replication = yield* measureReplication(sets, {
    ...options,
    pairwise,
    embedder,
    key: foldIn(key, 'replication'),
  });
  const bias = { attributes: yield* measureBias(attributes, { key: foldIn(key, 'bias'), signal }) };
  const quality = yield* measureQuality(sets, { pairwise, key: foldIn(key, 'quality'), signal });
  return { replication, bias, quality, verdict: writeVerdict({ replication, bias, quality }) };
}
