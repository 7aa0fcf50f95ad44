import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { mitigationSideSchema } from '../../ground/contracts/index.ts';
import { fileError } from '../../ground/disk.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import type { RandomKey } from '../../ground/math/index.ts';
import { contactSheet, encodePng } from '../../kit/images/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import { type AuditContext, auditSamples, sampleName } from './audit-samples.ts';
import { type Goals, judgeGoals } from './goals.ts';
import type { TunableGenerator } from './loop/generator.ts';
import type { Sample } from './sample.ts';

/** Samples generated at a time, between which work can be interrupted and resumed. */
export const BLOCK = 64;
/** Images of a contact sheet, and columns of it. */
export const SHEET = { pictures: 36, columns: 9 } as const;
const WRITTEN_AT_A_TIME = 16;

/** A side as it is kept, with the time that it took. */
export const keptSideSchema = z.object({
  side: mitigationSideSchema,
  seconds: z.object({ sampling: z.number(), measuring: z.number() }),
});
export type KeptSide = z.infer<typeof keptSideSchema>;

export interface StageProgress {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

/** Generates samples in blocks. */
export async function* drawSamples(
  generator: Pick<TunableGenerator<Sample>, 'sample'>,
  options: {
    readonly draw: string;
    readonly count: number;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<StageProgress, Sample[]> {
  const { draw, count, key, signal } = options;
  const samples: Sample[] = [];
  while (samples.length < count) {
    throwIfAborted(signal);
    yield { type: 'progress', stage: `sampling ${draw}`, done: samples.length, total: count };
    const first = samples.length;
    samples.push(...(await generator.sample({ draw, key, first, count: Math.min(BLOCK, count - first), signal })));
  }
  return samples;
}

/** Writes samples as PNG files named by their numbers into a folder of the run's artifacts. */
async function writeSamples(run: Run, folder: string, samples: readonly Sample[]): Promise<void> {
  for (let start = 0; start < samples.length; start += WRITTEN_AT_A_TIME)
    await Promise.all(
      samples.slice(start, start + WRITTEN_AT_A_TIME).map(async ({ image }, i) => {
        const path = await run.artifactPath(`${folder}/${sampleName(start + i)}`);
        await writeFile(path, await encodePng(image)).catch((error: unknown) => {
          throw fileError(path, error, 'write');
        });
      }),
    );
}

/** Writes the first samples as one image, and returns its name within the run's folder. */
export async function writeSheet(run: Run, name: string, samples: readonly Sample[]): Promise<string> {
  const images = samples.slice(0, SHEET.pictures).map(({ image }) => image);
  await run.writeArtifact(`sheets/${name}.png`, await encodePng(contactSheet(images, { columns: SHEET.columns })));
  return `artifacts/sheets/${name}.png`;
}

/** Audits samples as one side of the report, and writes their images. */
export async function* makeSide(
  samples: readonly Sample[],
  options: {
    readonly run: Run;
    /** Names the folder of the samples and the sheet. */
    readonly name: string;
    readonly context: AuditContext;
    readonly goals: Goals;
    /** Fréchet distance of the model before; null for that model itself. */
    readonly firstFid: number | null;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<StageProgress, KeptSide['side']> {
  const { run, name, context, goals, firstFid, signal } = options;
  await writeSamples(run, name, samples);
  await writeSheet(run, name, samples);
  const work = auditSamples(samples, context, { signal });
  let step = await work.next();
  while (!step.done) {
    const { part, done, total } = step.value;
    yield { type: 'progress', stage: `auditing ${name}: ${part}`, done, total };
    step = await work.next();
  }
  const audit = step.value;
  return {
    samples: { folder: `artifacts/${name}`, n: samples.length },
    ...audit,
    goals: judgeGoals(audit, goals, firstFid).map(({ state }) => state),
  };
}
