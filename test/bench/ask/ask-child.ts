import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { askAll, askSettings, createModelAnswerer, journalOf } from '../../../src/jobs/bench/ask/index.ts';
import { createRun, openRun } from '../../../src/kit/runs/index.ts';
import { openModel } from '../../../src/kit/vlm/index.ts';
import { makeImages, makeQuestions } from './support.ts';

/**
 * One stretch of a run, to be killed: `node ask-child.ts '{"runsDir":…,"baseUrl":…,"questions":500}'` goes on with the
 * run in the folder or starts one there, prints how many answers are recorded after each, and marks the run as done at
 * the end.
 */
const options = z
  .object({
    runsDir: z.string(),
    baseUrl: z.string(),
    questions: z.number(),
    concurrency: z.number(),
    timeoutMs: z.number(),
    attempts: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const { runsDir, baseUrl, questions, ...given } = options;
const [id] = existsSync(runsDir) ? readdirSync(runsDir) : [];
const run =
  id === undefined
    ? await createRun({ kind: 'bench', name: 'mock', configuration: given, runsDir, seed: 0 })
    : await openRun(join(runsDir, id));
const settings = askSettings(given);
// The port changes nothing about the model, and the key is in the environment as a user would have it.
const model = openModel(`openai-compatible:${baseUrl}#mock`);
const answerer = createModelAnswerer(model, { settings });
const asking = askAll({
  questions: makeQuestions(questions),
  images: makeImages(),
  answerer,
  journal: journalOf(run),
  settings,
});
for await (const event of asking) {
  if (event.type === 'answer') process.stdout.write(`${event.done}\n`);
  if (event.type === 'finished') await run.complete({ errors: event.errors });
}
model.close?.();
