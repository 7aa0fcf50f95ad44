import type { Question } from '../../../ground/contracts/bench.ts';
import type { JobPlan } from '../../../kit/job/index.ts';
import type { BatchClient } from '../../../kit/vlm/index.ts';
import { countPosings, inShard } from '../ask/index.ts';
import { isLocalAnswerer, type LocalAnswerer } from '../specialist/local-answerers.ts';
import { looksAt } from '../specialist/specialist.ts';
import type { BenchConfiguration } from './configuration.ts';

const countOf = (n: number, one: string): string => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`;

const differentPictures = (questions: readonly Question[]): number =>
  new Set(questions.flatMap(({ images }) => images.map(({ file, cell }) => JSON.stringify([file, cell])))).size;

/** Images that the networks look at; a second time for its rotations and repeats they need not. */
const lookedAt = (questions: readonly Question[], { shard }: BenchConfiguration): number =>
  questions
    .filter(question => inShard(question.id, shard) && looksAt(question))
    .reduce((sum, { images }) => sum + images.length, 0);

interface Amounts {
  readonly questions: readonly Question[];
  readonly answers: number;
}

function secondsOf(model: LocalAnswerer, configuration: BenchConfiguration, { questions, answers }: Amounts): number {
  const pictures = differentPictures(questions);
  const looks = model === 'specialist' ? lookedAt(questions, configuration) : 0;
  return (
    SECONDS.report +
    pictures * SECONDS.read +
    (looks === 0 ? 0 : SECONDS.networks) +
    looks * SECONDS.look +
    answers * SECONDS.answer +
    (configuration.lint ? pictures * SECONDS.lint : 0)
  );
}

/** What batches make of the time and the price. */
function batchesOf(
  { price }: BenchConfiguration,
  { client, answers }: { readonly client: Pick<BatchClient, 'limits' | 'priceFactor'>; readonly answers: number },
): string {
  const { limits, priceFactor } = client;
  const least = Math.ceil(answers / limits.requests);
  const bytes = `${Math.round(limits.bytes / 2 ** 20)} MiB`;
  const within = `; in ${least} or more batches of at most ${bytes}, answered within 24 hours`;
  if (priceFactor === null) return `${within}, at the price that the host has for batches`;
  const dollars = (amount: number): string => `$${Number((amount * priceFactor).toPrecision(3))}`;
  const told =
    price === null
      ? ''
      : ` (${dollars(price.inputPerMillion)} in, ${dollars(price.outputPerMillion)} out for a million tokens)`;
  return `${within}, at ${priceFactor === 0.5 ? 'half' : `${priceFactor} of`} the price${told}`;
}

/** What a bench run would read, how many answers it would ask for of whom, and about how long that takes where it is known. */
export function planBench(
  configuration: BenchConfiguration,
  questions: readonly Question[],
  client: Pick<BatchClient, 'limits' | 'priceFactor'> | null = null,
): JobPlan {
  const { from, model, setting } = configuration;
  const answers = countPosings(questions, configuration);
  const local = isLocalAnswerer(model) ? model : null;
  const batches = client === null ? '' : batchesOf(configuration, { client, answers });
  const requests = `${countOf(answers, 'request')} to ${model}${setting === 'tools' ? ', more where it calls tools' : ''}${batches}`;
  return {
    reads: [{ what: 'benchmark', path: from, amount: countOf(questions.length, 'question') }],
    writes: [],
    seconds: local === null ? null : secondsOf(local, configuration, { questions, answers }),
    basis:
      local === null
        ? `depends on the server: ${requests}`
        : `${countOf(answers, 'answer')} by ${local}, as measured on two cores of an Intel Xeon`,
    memoryBytes: local === 'specialist' ? NETWORK_BYTES : null,
  };
}

/** Measured in November 2026 on two shared cores of an Intel Xeon, with images of 256 pixels. */
const SECONDS = {
  /** Scores and their comparison, whatever the number of answers. */
  report: 0.5,
  /** An image read for its digest. */
  read: 2e-4,
  /** Opening the face networks. */
  networks: 1.3,
  /** An image that the networks look at, with four under way. */
  look: 0.05,
  /** An answer asked for, recorded and scored. */
  answer: 9e-4,
  /** An image that the linter opens. */
  lint: 0.003,
} as const;

/** What the process grows by with the face networks open, measured there too. */
const NETWORK_BYTES = 480e6;
