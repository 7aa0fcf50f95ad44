import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AuditVideoReport, SetName } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { openEmbedder } from '../../kit/faces/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import { findFfmpeg, type ListedClips, listClips } from '../../kit/video/index.ts';
import type { AuditVideoConfiguration } from './configuration.ts';
import type { AuditVideoStep } from './events.ts';
import { readVscTruth, type VscMatch } from './measure/vsc.ts';
import { FEATURES } from './read/feature-store.ts';
import { auditVideo, type VideoSets } from './work.ts';

/** Seconds that reading a clip takes, and the comparison of two, on one shared core of an Intel Xeon (November 2026), if clips last 4 s. */
const SECONDS = { start: 2, clip: 0.6, pair: 4e-4 };
/** A clip of 4 s: 32 embeddings of 300 numbers, 32 fields of 512, and their mirror images. */
const CLIP_BYTES = 4 * 32 * (300 + 3 * 512);

/** Names of the table must be those of the clips. */
function checkTruth(path: string, truth: readonly VscMatch[], sets: VideoSets): void {
  const names = (set: SetName): Set<string> => new Set(sets[set]!.clips.map(({ name }) => name));
  const [generated, training] = [names('generated'), names('training')];
  for (const [i, { query, reference }] of truth.entries()) {
    const wrong = !generated.has(query) ? ['query_id', query] : !training.has(reference) ? ['ref_id', reference] : null;
    if (wrong !== null)
      throw new BiolensError(
        'input',
        `${path}: row ${i + 1} below the header: "${wrong[0]}" names no clip: ${JSON.stringify(wrong[1])}`,
      );
  }
}

/** Lists the clips of the sets, and finds what reads them. */
export async function* openAuditVideo(
  configuration: AuditVideoConfiguration,
  { signal, environment }: OpenContext,
): AsyncGenerator<AuditVideoStep, OpenedJob<AuditVideoConfiguration, AuditVideoStep, AuditVideoReport>> {
  const list = async (set: SetName): Promise<(ListedClips & { readonly source: string }) | null> => {
    const source = configuration[set];
    return source === undefined ? null : { source, ...(await listClips(source, { signal })) };
  };
  const sets: VideoSets = {
    training: (await list('training'))!,
    generated: (await list('generated'))!,
    heldout: await list('heldout'),
  };
  const all = [sets.training, sets.generated, sets.heldout].filter(set => set !== null);
  const ffmpeg = all.some(({ clips }) => clips.some(({ kind }) => kind === 'video'))
    ? await findFfmpeg({ path: configuration.ffmpeg, environment })
    : null;
  let truth: readonly VscMatch[] | null = null;
  if (configuration.truth !== undefined) {
    truth = await readVscTruth(configuration.truth);
    checkTruth(configuration.truth, truth, sets);
  }
  const embedder = await openEmbedder(configuration.embedder, { device: configuration.device });
  const count = all.reduce((sum, { clips }) => sum + clips.length, 0);
  const [training, others] = [sets.training.clips.length, count - sets.training.clips.length];
  const { ffmpeg: named } = configuration;
  return {
    // Resumed from another folder it is the same program.
    configuration:
      named === undefined || !/[/\\]/.test(named) ? configuration : { ...configuration, ffmpeg: resolve(named) },
    plan: {
      reads: all.map(({ source, clips }) => ({
        what:
          source === configuration.training ? 'training' : source === configuration.generated ? 'generated' : 'heldout',
        path: source,
        amount: `${clips.length} clips`,
      })),
      writes: [],
      seconds: SECONDS.start + count * SECONDS.clip + training * (training + others) * SECONDS.pair,
      basis: 'as measured on one shared core of an Intel Xeon, if clips last 4 s',
      memoryBytes: count * CLIP_BYTES,
    },
    work: run => auditVideo(run, { configuration, sets, truth, ffmpeg, embedder, signal }),
    finish: run => rm(join(run.path, FEATURES), { recursive: true, force: true }),
    [Symbol.asyncDispose]: () => embedder.close(),
  };
}
