import { z } from 'zod';
import type { Question } from '../src/ground/contracts/bench.ts';
import { askAll, askSettings, createModelAnswerer, journalOf } from '../src/jobs/bench/ask/index.ts';
import { createPictureStore } from '../src/jobs/bench/ask/picture-store.ts';
import { openBenchmark } from '../src/jobs/bench/index.ts';
import { createRun } from '../src/kit/runs/index.ts';
import { openModel } from '../src/kit/vlm/index.ts';

/**
 * One measured process. `ask` asks all questions as `biolens bench run` does, into a run folder; `encode` only makes
 * the pictures ready to be sent, as `ask` does it, so that this part can be told apart. Prints what it took, from the
 * start of the process, as JSON.
 */
const options = z
  .object({
    mode: z.enum(['ask', 'encode']),
    folder: z.string(),
    runsDir: z.string(),
    baseUrl: z.string(),
    concurrency: z.union([z.literal('auto'), z.number()]),
    questions: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const benchmark = await openBenchmark(options.folder);
const questions: Question[] = [];
for await (const question of benchmark.questions()) {
  if (questions.length === options.questions) break;
  questions.push(question);
}
const settings = askSettings({ concurrency: options.concurrency });
const started = performance.now();

async function ask(): Promise<{ answers: number; concurrency: number }> {
  const { runsDir } = options;
  const run = await createRun({ kind: 'bench', name: 'harness', configuration: { ...settings }, runsDir, seed: 0 });
  const model = openModel(`openai-compatible:${options.baseUrl}#mock`, { environment: {} });
  const answerer = createModelAnswerer(model, { settings });
  let answers = 0;
  let concurrency = 0;
  for await (const event of askAll({
    questions,
    images: benchmark.images,
    answerer,
    journal: journalOf(run),
    settings,
  })) {
    if (event.type === 'answer' && event.answer.raw === 'B') answers++;
    if (event.type === 'concurrency') concurrency = Math.max(concurrency, event.limit);
  }
  await run.complete({ answers });
  model.close?.();
  return { answers, concurrency };
}

async function encode(): Promise<{ answers: number; concurrency: number }> {
  const store = createPictureStore({ images: benchmark.images, rule: settings.imageRule });
  const waiting = questions.values();
  let characters = 0;
  const work = async (): Promise<void> => {
    for (const { images } of waiting) {
      for (const { bytes } of await store.prepare(images)) {
        characters += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').length;
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return { answers: characters, concurrency: 0 };
}

const done = await (options.mode === 'ask' ? ask() : encode());
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    ...done,
    askedMs: performance.now() - started,
    wallMs: performance.now(),
    cpuMs: (user + system) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
