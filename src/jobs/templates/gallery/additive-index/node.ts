import { type AdditivePlan, DEGREE, type Encrypted, planAdditive, slotOf } from '../../encrypted/additive/index.ts';
import { AdditivePool } from '../../encrypted/additive/pool/node.ts';
import { gatherSearches } from '../gather-searches.ts';
import type { KeyHolder } from '../key-holder/node.ts';
import type { Prepared, TemplateIndex } from '../matcher.ts';
import type { StoredTemplate } from '../store.ts';

export interface AdditiveIndexOptions {
  readonly dimension: number;
  readonly workers?: number | undefined;
  /** Templates that there is room for at first; it doubles when it is full. Memory is taken as it is filled. */
  readonly room?: number | undefined;
}

/** Probes that share a pass, and records that are encrypted at a time. */
const MOST_TOGETHER = 8;
const RECORDS = 256;

const numberOf = ({ block, index }: Encrypted['slot']): number => block * DEGREE + index;

/**
 * Templates in memory under the experimental additive scheme: this process sums up ciphertexts and holds no key; a {@link KeyHolder} decides.
 *
 * Adversary: as the key holder's. It sees every probe, and which templates are accepted.
 */
export class AdditiveIndex implements TemplateIndex {
  readonly #holder: KeyHolder;
  readonly #plan: AdditivePlan;
  readonly #workers: number;
  #pool: AdditivePool;
  /** Subject of each slot; null where none was put, or it was revoked. */
  readonly #subjects: (string | null)[] = [];
  readonly #slots = new Map<string, number>();
  readonly #bySubject = new Map<string, Set<number>>();

  private constructor(holder: KeyHolder, plan: AdditivePlan, pool: AdditivePool, workers: number) {
    this.#holder = holder;
    this.#plan = plan;
    this.#pool = pool;
    this.#workers = workers;
  }

  /** @throws {BiolensError} `usage` where the kernel was not built */
  static async open(
    holder: KeyHolder,
    { dimension, workers = 1, room = 65_536 }: AdditiveIndexOptions,
  ): Promise<AdditiveIndex> {
    const plan = planAdditive({ dimension });
    const blocks = Math.ceil(room / DEGREE);
    const pool = await AdditivePool.open(plan, { blocks, workers, probes: MOST_TOGETHER });
    return new AdditiveIndex(holder, plan, pool, workers);
  }

  get size(): number {
    return this.#slots.size;
  }

  async prepare(changes: readonly StoredTemplate[]): Promise<readonly Prepared[]> {
    const records = changes.flatMap(({ id, subject, generation, record }) =>
      record === null ? [] : [{ record, place: { template: id, subject, generation } }],
    );
    const encrypted: Encrypted[] = [];
    for (let i = 0; i < records.length; i += RECORDS)
      encrypted.push(...(await this.#holder.encrypt(records.slice(i, i + RECORDS))));
    await this.#makeRoom(Math.max(0, ...encrypted.map(({ slot }) => slot.block + 1)));
    let next = 0;
    return changes.map(({ id, subject, seq, record }) => {
      if (record === null) return { seq, apply: () => this.#remove(id) };
      const own = encrypted[next++]!;
      return { seq, apply: () => this.#add(id, subject, own) };
    });
  }

  /** Moves on to a larger memory where blocks do not fit any more. */
  async #makeRoom(blocks: number): Promise<void> {
    if (blocks <= this.#pool.blocks) return;
    const old = this.#pool;
    const options = { blocks: Math.max(blocks, 2 * old.blocks), workers: this.#workers, probes: MOST_TOGETHER };
    const larger = await AdditivePool.open(this.#plan, options);
    larger.copyFrom(old);
    this.#pool = larger;
    // Passes under way end in the old one.
    void old.close();
  }

  #add(id: string, subject: string, encrypted: Encrypted): void {
    if (this.#slots.has(id)) return;
    const number = numberOf(encrypted.slot);
    this.#pool.put(encrypted);
    while (this.#subjects.length <= number) this.#subjects.push(null);
    this.#subjects[number] = subject;
    this.#slots.set(id, number);
    const own = this.#bySubject.get(subject);
    if (own === undefined) this.#bySubject.set(subject, new Set([number]));
    else own.add(number);
  }

  /** Erases a template; its slot stays dead. */
  #remove(id: string): void {
    const number = this.#slots.get(id);
    if (number === undefined) return;
    const subject = this.#subjects[number]!;
    const own = this.#bySubject.get(subject);
    own?.delete(number);
    if (own?.size === 0) this.#bySubject.delete(subject);
    this.#pool.erase(slotOf(number));
    this.#subjects[number] = null;
    this.#slots.delete(id);
  }

  async accepts(subject: string, probe: Int16Array): Promise<boolean> {
    const own = this.#bySubject.get(subject);
    const slots = [...(own ?? [0])];
    const sums = slots.map(number => this.#pool.sum(slotOf(number), probe));
    return (await this.#holder.accepts(probe, slots, sums)) && own !== undefined;
  }

  /** Searches that are asked for in one turn of the event loop share a pass. */
  readonly search = gatherSearches(MOST_TOGETHER, async searches => {
    const { dimension } = this.#plan;
    const probes = new Int16Array(searches.length * dimension);
    searches.forEach(({ probe }, k) => {
      probes.set(probe, k * dimension);
    });
    const count = this.#subjects.length;
    const sums = await this.#pool.match(probes);
    return await Promise.all(
      searches.map(async ({ probe, top }, k) => {
        const accepted = await this.#holder.search(probe, sums[k]!.subarray(0, count));
        const subjects = new Set<string>();
        for (const number of accepted) {
          // Dead slots decrypt to anything.
          const subject = this.#subjects[number];
          if (subject !== null && subject !== undefined) subjects.add(subject);
          if (subjects.size === top) break;
        }
        return [...subjects];
      }),
    );
  });

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#holder.close();
  }
}
