import { createHash } from 'node:crypto';
import type { JobAttempt, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { type RunRecord, runRecordSchema } from '../../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { MOST_SHARDS, type ShardPlan, shardPlanSchema, toJson } from '../../../kit/runs/index.ts';
import { type Database, openDatabase } from './database.ts';

const QUEUE = 'shards';
/** Without a sign of life for so long a worker counts as dead. */
export const HEARTBEAT_S = 10;
/** How often dead workers are looked for. */
const SUPERVISE_S = 3;
const DAY_S = 86_400;
/** The largest values that the database is asked for: what is longer there is not read. */
const MOST_DOCUMENT = 16 * 2 ** 20;
const MOST_LINE = 64 * 2 ** 20;
const MOST_ARTIFACT = 256 * 2 ** 20;
/** Lines that one statement carries. */
const LINES_AT_ONCE = 500;

// Lines are what a worker has made of a shard, one after the other; a shard that is done has a row of its own, written with the last of
// them and with the end of its job, or none of the three is.
const TABLES = `
CREATE SCHEMA IF NOT EXISTS biolens_queue;
CREATE TABLE IF NOT EXISTS biolens_queue.runs (run text PRIMARY KEY, record text NOT NULL, plan text NOT NULL);
CREATE TABLE IF NOT EXISTS biolens_queue.items
  (run text, shard integer, line integer, item text NOT NULL, PRIMARY KEY (run, shard, line));
CREATE TABLE IF NOT EXISTS biolens_queue.artifacts
  (run text, shard integer, name text, content bytea NOT NULL, PRIMARY KEY (run, shard, name));
CREATE TABLE IF NOT EXISTS biolens_queue.done (run text, shard integer, items integer NOT NULL, PRIMARY KEY (run, shard));
`;
/** Any number that all have in common. */
const TABLES_LOCK = 7_310_023;

const taskSchema = z.object({
  run: z.string().regex(/^[0-9a-f]{64}$/),
  shard: z
    .number()
    .int()
    .min(0)
    .max(MOST_SHARDS - 1),
});
/** A shard of a run in the queue. */
export type Task = z.infer<typeof taskSchema>;

/** A shard that this process holds until it says that it is done, gives it back, or is silent for too long. */
export interface Taken {
  readonly task: Task;
  readonly attempt: JobAttempt;
}

/** A file that a shard has made beside its items. */
export interface Artifact {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What a worker has made of a shard. */
export interface Made {
  readonly task: Task;
  /** Items as lines of JSON, the first of which is number `from` of the shard. */
  readonly lines: readonly string[];
  readonly from: number;
}

/** What is known of a run in the queue. */
export interface QueueState {
  /** Items that workers have made. */
  readonly items: number;
  readonly done: readonly number[];
  /** Shards that were given up, with what the last worker said. */
  readonly failed: readonly { readonly shard: number; readonly reason: string }[];
}

/** Thrown to a worker whose shard another one has taken over. */
export class ShardLost extends Error {}

const affectedSchema = z.object({ affected: z.number() });

/** Shards of runs in PostgreSQL: what is to be done by pg-boss, what is made in tables beside it. */
export class QueueStore {
  readonly #database: Database;
  readonly #boss: PgBoss;

  private constructor(database: Database, boss: PgBoss) {
    this.#database = database;
    this.#boss = boss;
  }

  /**
   * @param address such as `postgres://user@host/database`
   * @throws {BiolensError} `usage` for another address, or where `pg` or `pg-boss` is not installed; `external` where it cannot be reached
   */
  static async open(address: string, options: { readonly signal?: AbortSignal } = {}): Promise<QueueStore> {
    const { PgBoss } = await import('pg-boss').catch(error => {
      throw new BiolensError('usage', `a queue takes pg-boss: npm install pg-boss pg (${messageOf(error)})`, {
        cause: error,
      });
    });
    const database = await openDatabase(address, options);
    try {
      const boss = new PgBoss({
        db: { executeSql: (text, values) => database.query(text, values) },
        schema: 'biolens_jobs',
        schedule: false,
        superviseIntervalSeconds: SUPERVISE_S,
        monitorIntervalSeconds: SUPERVISE_S,
      });
      // What fails here is tried again by its own clock; a statement that we wait for fails to us.
      boss.on('error', () => undefined);
      await database.transaction(async query => {
        // All that are opened at the same time would make the tables, and all but one fail.
        await query(`SELECT pg_advisory_xact_lock(${TABLES_LOCK})`);
        await query(TABLES);
        await boss.start();
        await boss.createQueue(QUEUE, {
          policy: 'exclusive',
          retryLimit: 4,
          heartbeatSeconds: HEARTBEAT_S,
          expireInSeconds: DAY_S - 1,
          deleteAfterSeconds: DAY_S,
        });
      });
      return new QueueStore(database, boss);
    } catch (error) {
      await database.close();
      throw error instanceof BiolensError
        ? error
        : new BiolensError('external', `the queue: ${messageOf(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false }).catch(() => undefined);
    await this.#database.close();
  }

  /** The name of a run here: equal runs of equal plans are one. */
  static keyOf(record: RunRecord, plan: ShardPlan): string {
    return createHash('sha256')
      .update(toJson({ id: record.id, plan }))
      .digest('hex');
  }

  /** Puts shards of a run into the queue; those that wait or are worked on already are not put in twice. */
  async publish(record: RunRecord, plan: ShardPlan, shards: readonly number[]): Promise<void> {
    const run = QueueStore.keyOf(record, plan);
    await this.#database.query('INSERT INTO biolens_queue.runs VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      run,
      toJson(record),
      toJson(plan),
    ]);
    const given = await this.#failedJobs(run);
    if (given.length > 0)
      await this.#boss.deleteJob(
        QUEUE,
        given.map(({ id }) => id),
      );
    await this.#boss.insert(
      QUEUE,
      shards.map(shard => ({ data: { run, shard }, singletonKey: `${run}/${shard}` })),
    );
  }

  /** Takes a shard that waits; null where none does. */
  async take(): Promise<Taken | null> {
    const [job] = await this.#boss.fetch(QUEUE, { batchSize: 1 });
    if (job === undefined) return null;
    return { task: taskSchema.parse(job.data), attempt: { id: job.id, retryCount: job.retryCount } };
  }

  /** Says that the worker of a shard lives. @throws {ShardLost} where another one has it by now */
  async touch({ attempt }: Taken): Promise<void> {
    const { affected } = affectedSchema.parse(await this.#boss.touch(QUEUE, attempt));
    if (affected !== 1) throw new ShardLost();
  }

  /** Gives a shard back, for others or for nobody when it was given back too often. */
  async giveBack({ attempt }: Taken, reason: string): Promise<void> {
    await this.#boss.fail(QUEUE, attempt, { message: reason.slice(0, 2000) });
  }

  /** What a task is a part of. @throws {BiolensError} `input` where the queue holds something else */
  async runOf({ run }: Task): Promise<{ readonly record: RunRecord; readonly plan: ShardPlan } | null> {
    const { rows } = await this.#database.query(
      'SELECT record, plan FROM biolens_queue.runs WHERE run = $1 AND length(record) < $2 AND length(plan) < $2',
      [run, MOST_DOCUMENT],
    );
    if (rows.length === 0) return null;
    try {
      return {
        record: runRecordSchema.parse(JSON.parse(String(rows[0].record))),
        plan: shardPlanSchema.parse(JSON.parse(String(rows[0].plan))),
      };
    } catch (error) {
      throw new BiolensError('input', `the queue holds a run that cannot be read (${messageOf(error)})`, {
        cause: error,
      });
    }
  }

  /** The items of a shard that workers have made, in their order. */
  async *items({ run, shard }: Task): AsyncGenerator<unknown> {
    for (let from = 0; ; ) {
      const { rows } = await this.#database.query(
        `SELECT line, item FROM biolens_queue.items
         WHERE run = $1 AND shard = $2 AND line >= $3 AND length(item) < $4 ORDER BY line LIMIT $5`,
        [run, shard, from, MOST_LINE, LINES_AT_ONCE],
      );
      for (const { line, item } of rows) {
        if (line !== from) throw new BiolensError('external', `the queue has lost item ${from} of shard ${shard}`);
        yield JSON.parse(String(item));
        from++;
      }
      if (rows.length < LINES_AT_ONCE) return;
    }
  }

  /** Files of a shard that is done, one at a time. */
  async *artifacts({ run, shard }: Task): AsyncGenerator<Artifact> {
    const { rows } = await this.#database.query(
      'SELECT name FROM biolens_queue.artifacts WHERE run = $1 AND shard = $2 AND length(content) <= $3 ORDER BY name',
      [run, shard, MOST_ARTIFACT],
    );
    for (const { name } of rows) {
      const found = await this.#database.query(
        'SELECT content FROM biolens_queue.artifacts WHERE run = $1 AND shard = $2 AND name = $3',
        [run, shard, name],
      );
      if (found.rows[0]?.content instanceof Uint8Array) yield { name: String(name), content: found.rows[0].content };
    }
  }

  /** Keeps items. @throws {ShardLost} where another worker has made them by now */
  async keep(made: Made): Promise<void> {
    await this.#database.transaction(query => insertLines(query, made));
  }

  /** Keeps the last items and the files of a shard, and ends its job, all or nothing. @throws {ShardLost} */
  async complete({ attempt }: Taken, made: Made, artifacts: readonly Artifact[]): Promise<void> {
    const { run, shard } = made.task;
    for (const { name, content } of artifacts)
      if (content.length > MOST_ARTIFACT)
        throw new BiolensError(
          'input',
          `artifacts/${name}: a queue takes files of up to ${MOST_ARTIFACT / 2 ** 20} MB`,
        );
    await this.#database.transaction(async query => {
      const { rows } = await query('SELECT 1 FROM biolens_queue.done WHERE run = $1 AND shard = $2', [run, shard]);
      // The first try was committed, and the connection broke before that was known.
      if (rows.length > 0) return;
      await insertLines(query, made);
      for (const { name, content } of artifacts)
        await query('INSERT INTO biolens_queue.artifacts VALUES ($1, $2, $3, $4)', [
          run,
          shard,
          name,
          Buffer.from(content),
        ]);
      await query('INSERT INTO biolens_queue.done VALUES ($1, $2, $3)', [run, shard, made.from + made.lines.length]);
      const db = { executeSql: query };
      const { affected } = affectedSchema.parse(await this.#boss.complete(QUEUE, attempt, null, { db }));
      if (affected !== 1) throw new ShardLost();
    });
  }

  async state(run: string): Promise<QueueState> {
    const [items, done, failed] = [
      await this.#database.query('SELECT count(*)::integer AS n FROM biolens_queue.items WHERE run = $1', [run]),
      await this.#database.query('SELECT shard FROM biolens_queue.done WHERE run = $1 ORDER BY shard', [run]),
      await this.#failedJobs(run),
    ];
    return { items: Number(items.rows[0].n), done: done.rows.map(({ shard }) => Number(shard)), failed };
  }

  /** Takes a run out of the database. */
  async forget(run: string): Promise<void> {
    await this.#database.transaction(async query => {
      for (const table of ['items', 'artifacts', 'done', 'runs'])
        await query(`DELETE FROM biolens_queue.${table} WHERE run = $1`, [run]);
    });
  }

  async #failedJobs(run: string) {
    const jobs = await this.#boss.findJobs(QUEUE, { data: { run }, limit: MOST_SHARDS });
    return jobs.flatMap(({ id, state, data, output }) => {
      if (state !== 'failed') return [];
      const reason = z.object({ message: z.string() }).safeParse(output);
      const task = taskSchema.parse(data);
      return [{ id, shard: task.shard, reason: reason.success ? reason.data.message : 'its workers died' }];
    });
  }
}

async function insertLines(query: Database['query'], { task, lines, from }: Made): Promise<void> {
  for (let start = 0; start < lines.length; start += LINES_AT_ONCE) {
    const part = lines.slice(start, start + LINES_AT_ONCE);
    const numbers = part.map((_, i) => from + start + i);
    // A line that is there already was written by the first try of this statement, or by another worker.
    const { rows } = await query(
      `WITH made AS (SELECT * FROM unnest($3::integer[], $4::text[]) AS one(line, item)),
        kept AS (INSERT INTO biolens_queue.items SELECT $1, $2, line, item FROM made ON CONFLICT DO NOTHING RETURNING line)
       SELECT count(*)::integer AS others FROM made JOIN biolens_queue.items AS old USING (line)
       WHERE old.run = $1 AND old.shard = $2 AND old.item <> made.item`,
      [task.run, task.shard, numbers, part],
    );
    if (Number(rows[0]?.others) > 0) throw new ShardLost();
  }
}
