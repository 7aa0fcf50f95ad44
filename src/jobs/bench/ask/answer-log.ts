import { z } from 'zod';
import { type Answer, answerSchema } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Run } from '../../../kit/runs/index.ts';

/** Where answers are kept while a run goes on; a run folder is one. */
export interface Journal {
  /** Resolves once the item would survive a power cut. */
  append(item: Answer): Promise<void>;
  /** Everything appended so far, in order. */
  items(): AsyncIterable<unknown>;
}

/** The journal that a run folder is. What is appended is parsed first: only what can be read back is written. */
export function journalOf(run: Pick<Run, 'append' | 'items'>): Journal {
  return { append: async item => run.append(answerSchema.parse(item)), items: () => run.items(z.unknown()) };
}

const { finishReason, usage, cost, latencyMs, logProbabilities } = answerSchema.shape;
const { inputTokens, outputTokens } = usage.shape;

/**
 * An answer of an earlier version, which wrote down what a server said of itself unchecked: what is impossible of that is not known. The reply
 * itself has to be right.
 */
const repairedSchema = answerSchema.extend({
  finishReason: finishReason.catch('other'),
  usage: z
    .object({ inputTokens: inputTokens.catch(null), outputTokens: outputTokens.catch(null) })
    .catch({ inputTokens: null, outputTokens: null }),
  cost: cost.catch(null),
  latencyMs: latencyMs.catch(null),
  logProbabilities: logProbabilities.catch(undefined),
});

type Keyed = Pick<Answer, 'question' | 'model' | 'setting' | 'promptDigest' | 'rotation' | 'repeat'>;

/** What tells one answer from another: question, model, setting, prompt, rotation and repeat. */
export function answerKey({ question, model, setting, promptDigest, rotation, repeat }: Keyed): string {
  return JSON.stringify([question, model, setting, promptDigest, rotation, repeat]);
}

/**
 * Reads items as answers.
 *
 * @throws BiolensError `input` that says which item is none and why
 */
export async function* parseAnswers(items: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<Answer> {
  let number = 0;
  for await (const item of items) {
    number++;
    const strict = answerSchema.safeParse(item);
    const parsed = strict.success ? strict : repairedSchema.safeParse(item);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new BiolensError(
        'input',
        `items.jsonl: line ${number} is no answer: "${issue?.path.join('.')}" ${issue?.message}`,
      );
    }
    yield parsed.data;
  }
}

/**
 * The one answer that counts for every key: a reply before an error, and of two alike the earlier. Errors that were
 * asked again after a resume stand in the file twice, first as the error and then as the answer; everything that scores
 * reads them through here.
 */
export async function latestAnswers(items: AsyncIterable<unknown> | Iterable<unknown>): Promise<Answer[]> {
  const chosen = new Map<string, Answer>();
  for await (const answer of parseAnswers(items)) {
    const key = answerKey(answer);
    const known = chosen.get(key);
    if (known === undefined || (known.raw === null && answer.raw !== null)) chosen.set(key, answer);
  }
  return [...chosen.values()];
}

export interface MergeResult {
  /** Answers written. */
  readonly answers: number;
  /** Keys that were in more than one part. */
  readonly duplicates: number;
  /** Of these, how many had replies that differ; the one of the earlier part was taken. */
  readonly conflicts: number;
}

/**
 * Brings the answers of several runs, such as the shards of one, into one journal.
 *
 * @throws BiolensError `input` where the parts are of different models or settings
 */
export async function mergeAnswers(
  parts: readonly { readonly name: string; readonly items: AsyncIterable<unknown> | Iterable<unknown> }[],
  into: Pick<Journal, 'append'>,
): Promise<MergeResult> {
  const chosen = new Map<string, Answer>();
  let first: Part | undefined;
  let duplicates = 0;
  let conflicts = 0;
  for (const { name, items } of parts) {
    const answers = await latestAnswers(items);
    const part = { name, answers };
    if (answers.length > 0) first ??= part;
    if (first !== undefined) checkSame(first, part);
    for (const answer of answers) {
      const key = answerKey(answer);
      const known = chosen.get(key);
      if (known === undefined) chosen.set(key, answer);
      else {
        duplicates++;
        if (known.raw === null) chosen.set(key, answer);
        else if (answer.raw !== null && answer.raw !== known.raw) conflicts++;
      }
    }
  }
  await Promise.all([...chosen.values()].map(answer => into.append(answer)));
  return { answers: chosen.size, duplicates, conflicts };
}

interface Part {
  readonly name: string;
  readonly answers: readonly Answer[];
}

function checkSame(first: Part, other: Part): void {
  for (const field of ['model', 'setting'] as const) {
    const [a, b] = [first, other].map(({ answers }) => [...new Set(answers.map(answer => answer[field]))].sort());
    // A part that ended early may lack a setting of the others; one that they have not does not belong to them.
    const strange = b!.find(value => !a!.includes(value));
    if (strange === undefined) continue;
    const was = `"${a!.join(', ')}" in ${first.name} and "${strange}" in ${other.name}`;
    throw new BiolensError('input', `parts of different runs cannot be merged: "${field}" is ${was}`);
  }
}
