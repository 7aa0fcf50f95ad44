import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StudyReport } from '../../src/ground/contracts/index.ts';
import { resumeStudy, type StudyConfigurationInput, type StudyEvent, studyRun } from '../../src/jobs/study/index.ts';
import { writeToneClassifier, writeTones } from './folder.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'biolens-study-kill-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Starts a study in a process of its own and kills it without a warning when an event says so. */
async function killAt(
  configuration: StudyConfigurationInput,
  { runsDir, when }: { readonly runsDir: string; readonly when: (event: StudyEvent) => boolean },
): Promise<string> {
  const script = fileURLToPath(new URL('./study-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(configuration), runsDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise(resolve => child.on('exit', resolve));
  let path = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const event: StudyEvent = JSON.parse(line);
    if (event.type === 'run') path = event.path;
    if (when(event)) child.kill('SIGKILL');
  }
  await ended;
  return path;
}

async function finish(events: AsyncGenerator<StudyEvent, StudyReport>): Promise<unknown> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return { ...value, results: value.results.map(result => ({ ...result, training: null })) };
  }
}

test('killed while it labels, trains and samples, a study ends at the same report', async () => {
  const images = join(root, 'tones');
  await writeTones(images, { n: 40 });
  const configuration: StudyConfigurationInput = {
    images,
    classifier: await writeToneClassifier(join(root, 'model')),
    attributes: ['tone'],
    sizes: [12],
    imageSize: 8,
    budget: { unit: 'steps', value: 6 },
    batchSize: 4,
    samples: 16,
    seed: 5,
  };
  const expected = await finish(studyRun(configuration, { runsDir: join(root, 'whole') }));
  const places = [
    ['labelling images', 16],
    ['training gan-12', 3],
    ['training diffusion-12', 4],
    ['sampling diffusion-12', 0],
  ] as const;
  for (const [stage, done] of places) {
    const runsDir = join(root, stage.replaceAll(' ', '-'));
    const when = (event: StudyEvent): boolean =>
      event.type === 'progress' && event.stage === stage && event.done === done;
    const path = await killAt(configuration, { runsDir, when });
    expect(await finish(resumeStudy(path)), stage).toEqual(expected);
  }
}, 600_000);
