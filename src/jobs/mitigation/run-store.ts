import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../../kit/images/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import { float32, readSafetensors, type TensorData, writeSafetensors } from '../../kit/tensor/index.ts';
import { mitigationItemSchema } from './items.ts';
import type { LoopJournal, RoundRecord } from './loop/loop.ts';
import type { Sample } from './sample.ts';

const readingsSchema = z.array(
  z.object({ attributes: z.record(z.string(), z.string()).nullable(), condition: z.number().nullable() }),
);

function missing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

const snapshotName = (index: number): string => `round-${String(index).padStart(3, '0')}.safetensors`;

/** What a mitigation keeps in its run's folder so that it can go on after it was killed. */
export class RunStore<M> implements LoopJournal<M> {
  readonly #run: Run;
  readonly #losses = new Map<number, number[]>();
  readonly #parts = new Map<string, unknown>();
  #rounds: RoundRecord<M>[] = [];

  private constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Opens the store of a run with what it holds.
   *
   * @throws BiolensError `input` naming the file and line that cannot be read
   */
  static async open<M>(run: Run, measurements: z.ZodType<M>): Promise<RunStore<M>> {
    const store = new RunStore<M>(run);
    for await (const item of run.items(mitigationItemSchema)) {
      if (item.type === 'part') store.#parts.set(item.name, item.value);
      else if (item.type === 'steps') store.#keepLosses(item.round, item.first, item.losses);
      else {
        const { type: _, ...round } = item;
        store.#rounds[round.index] = { ...round, measurement: measurements.parse(round.measurement) };
      }
    }
    store.#rounds = await store.#withSnapshots(store.#rounds.filter(round => round !== undefined));
    return store;
  }

  /** The rounds up to the last whose model is still there: a snapshot that was deleted sends the loop back to the one before. */
  async #withSnapshots(rounds: RoundRecord<M>[]): Promise<RoundRecord<M>[]> {
    const last = rounds.at(-1);
    if (last === undefined || last.tuning === null) return rounds;
    const files = await readdir(dirname(await this.#run.artifactPath(snapshotName(0))));
    for (let count = rounds.length; count > 0; count--)
      if (files.includes(snapshotName(count))) return rounds.slice(0, count);
    return [];
  }

  get rounds(): readonly RoundRecord<M>[] {
    return this.#rounds;
  }

  async saveSnapshot(index: number, snapshot: Uint8Array): Promise<void> {
    await this.#run.writeArtifact(snapshotName(index), snapshot);
  }

  async loadSnapshot(index: number): Promise<{ readonly snapshot: Uint8Array; readonly file: string }> {
    const file = await this.#run.artifactPath(snapshotName(index));
    const snapshot = await readFile(file).catch((error: unknown) => {
      throw fileError(file, error);
    });
    return { snapshot, file };
  }

  async record(round: RoundRecord<M>, { best }: { readonly best: number }): Promise<void> {
    await this.#run.append({ type: 'round', ...round });
    this.#rounds = [...this.#rounds.slice(0, round.index), round];
    // The last snapshot and the one before stay: should the last be damaged, the loop can go back by one round.
    for (let index = 0; index < round.index; index++)
      if (index !== best) await rm(await this.#run.artifactPath(snapshotName(index)), { force: true });
    await this.dropSamples(`round-${String(round.index).padStart(3, '0')}`);
  }

  /** A part of the result that is made once, such as the audit before; null while it is not. */
  part<T>(name: string, schema: z.ZodType<T>): T | null {
    return this.#parts.has(name) ? schema.parse(this.#parts.get(name)) : null;
  }

  async savePart(name: string, value: unknown): Promise<void> {
    await this.#run.append({ type: 'part', name, value });
    this.#parts.set(name, value);
  }

  #keepLosses(round: number, first: number, losses: readonly number[]): void {
    const known = this.#losses.get(round) ?? [];
    this.#losses.set(round, [...known.slice(0, first), ...losses]);
  }

  /** Losses of the first `count` steps of a round; null when not all of them are known. */
  losses(round: number, count: number): readonly number[] | null {
    const known = this.#losses.get(round) ?? [];
    return known.length < count ? null : known.slice(0, count);
  }

  /** Keeps the losses of some steps, and then the state after them. */
  async saveSteps(round: number, first: number, losses: readonly number[], state: Uint8Array): Promise<void> {
    await this.#run.append({ type: 'steps', round, first, losses: [...losses] });
    this.#keepLosses(round, first, losses);
    await this.#run.writeArtifact('tuning.safetensors', state);
  }

  /** The state that was kept last within a round; null when there is none. */
  async loadSteps(): Promise<{ readonly state: Uint8Array; readonly file: string } | null> {
    const file = await this.#run.artifactPath('tuning.safetensors');
    try {
      return { state: await readFile(file), file };
    } catch (error) {
      if (missing(error)) return null;
      throw fileError(file, error);
    }
  }

  #blockName(draw: string, first: number): string {
    return `draws/${draw}/${String(first).padStart(6, '0')}.safetensors`;
  }

  /** Removes the kept samples of a draw that is over. */
  async dropSamples(draw: string): Promise<void> {
    await rm(dirname(await this.#run.artifactPath(this.#blockName(draw, 0))), { recursive: true, force: true });
  }

  /** Keeps samples of a draw, so that they need not be generated and read again. */
  async saveSamples(draw: string, first: number, samples: readonly Sample[]): Promise<void> {
    const { width, height } = samples[0]!.image;
    const images = new Uint8Array(samples.length * 3 * width * height);
    const cols = samples.find(({ reading }) => reading !== null)?.reading?.embedding.length ?? 0;
    const embeddings = new Float32Array(samples.length * cols);
    samples.forEach(({ image, reading }, i) => {
      images.set(image.data, i * 3 * width * height);
      if (reading !== null) embeddings.set(reading.embedding, i * cols);
    });
    const tensors: Record<string, TensorData> = {
      images: { dtype: 'uint8', shape: [samples.length, height, width, 3], data: images },
      embeddings: float32(embeddings, [samples.length, cols]),
    };
    const readings = JSON.stringify(
      samples.map(({ reading, condition }) => ({ attributes: reading?.attributes ?? null, condition })),
    );
    await this.#run.writeArtifact(this.#blockName(draw, first), writeSafetensors(tensors, { readings }));
  }

  /**
   * Samples that were kept; null when there are none.
   *
   * @throws BiolensError `input` naming the file when it is damaged
   */
  async loadSamples(draw: string, first: number): Promise<Sample[] | null> {
    const file = await this.#run.artifactPath(this.#blockName(draw, first));
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (error) {
      if (missing(error)) return null;
      throw fileError(file, error);
    }
    const { tensors, metadata } = readSafetensors(bytes, { file });
    const { images, embeddings } = tensors;
    const readings = readingsSchema.safeParse(JSON.parse(metadata.readings ?? 'null'));
    if (images?.dtype !== 'uint8' || embeddings?.dtype !== 'float32' || !readings.success)
      throw new BiolensError('input', `${file}: not samples that biolens has written`, { details: { file } });
    const [, height = 0, width = 0] = images.shape;
    const cols = embeddings.shape[1] ?? 0;
    return readings.data.map(({ attributes, condition }, i): Sample => {
      const image: Image = {
        width,
        height,
        data: images.data.slice(i * 3 * width * height, (i + 1) * 3 * width * height),
      };
      const embedding = embeddings.data.slice(i * cols, (i + 1) * cols);
      return { image, reading: attributes && { embedding, attributes }, condition };
    });
  }
}
