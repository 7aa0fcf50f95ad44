import { describe, expect, test } from 'vitest';
import { JOBS } from '../../src/app/jobs.ts';
import { configurationJsonSchema, type Job } from '../../src/kit/job/index.ts';
import { FAIL_ON, NAME, placeMessage, WHOLE } from '../../web/new-run/form-errors.ts';
import { type FormPart, fieldsOf, formOf } from '../../web/new-run/form-parts.ts';
import { fillForm, readForm } from '../../web/new-run/form-values.ts';
import { jsonSchemaSchema } from '../../web/new-run/json-schema.ts';
import { createTimeLeft } from '../../web/runs/time-left.ts';

const jobOf = (kind: string): Job => JOBS.find(job => job.kind === kind)!;
const formOfJob = (job: Job): readonly FormPart[] =>
  formOf(jsonSchemaSchema.parse(JSON.parse(JSON.stringify(configurationJsonSchema(job.configuration)))));

/** Settings of every shape that there is, for each job. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  audit: {
    training: '/a',
    generated: '/b',
    attributes: ['gender', 'ageGroup'],
    target: { gender: { male: 0.5, female: 0.5 } },
    falseMatchRate: 1e-4,
    noFace: 'whole',
    centre: false,
    device: 'cpu',
  },
  bench: {
    from: '/q',
    shard: { index: 1, of: 3 },
    temperature: null,
    concurrency: 4,
    price: { inputPerMillion: 2.5, outputPerMillion: 10 },
    imageRule: { maxSide: 512, jpegQuality: 80 },
    system: 'Look\nclosely.',
    lint: false,
  },
  diffusion: { images: '/a', classes: { attribute: 'gender' }, batchSize: 8, sampling: { steps: 5 }, mirror: true },
  mitigate: { model: '/m', training: '/a', replication: true, compare: ['rejection'] },
  study: { images: '/a', attributes: ['gender'], sizes: [10, 20], budget: { unit: 'epochs', value: 2 } },
};

describe('forms made of the jobs’ declarations', () => {
  test.each(Object.keys(SETTINGS))('%s: every setting has a field, and a filled-in form asks for the same', kind => {
    const job = jobOf(kind);
    const form = formOfJob(job);
    const settings = SETTINGS[kind] ?? {};
    expect(readForm(form, {}).problems.size).toBe(fieldsOf(form).filter(({ required }) => required).length);
    expect(new Set(form.map(({ id }) => id))).toEqual(
      new Set(Object.keys(configurationJsonSchema(job.configuration).properties ?? {})),
    );
    const recorded = job.configuration.parse(settings);
    const { configuration, problems } = readForm(form, fillForm(form, recorded));
    expect([...problems]).toEqual([]);
    expect(job.configuration.parse(configuration)).toEqual(recorded);
    // What is at its default is left out.
    expect(Object.keys(configuration).sort()).toEqual(Object.keys(settings).sort());
  });

  test('a box says what its flag says', () => {
    const form = formOfJob(jobOf('audit'));
    const { configuration } = readForm(form, { training: 'a', generated: 'b', centre: true, noFace: true });
    expect(configuration).toEqual({ training: 'a', generated: 'b', centre: false, noFace: 'whole' });
    expect(readForm(form, { training: 'a', generated: 'b', centre: false }).configuration).not.toHaveProperty('centre');
  });

  test('what is no number and no JSON is not swallowed', () => {
    const form = formOfJob(jobOf('audit'));
    const { configuration, problems } = readForm(form, { generated: 'a', seed: '1,000', target: '{gender' });
    expect(configuration).toEqual({ generated: 'a', seed: '1,000' });
    expect(Object.fromEntries(problems)).toEqual({ training: 'This is needed.', target: 'This is not JSON.' });
  });

  test.each([
    ['"seed" expected a whole number from 0, got -1', 'seed', 'Expected a whole number from 0, got -1'],
    ['"target.gender.male" expected a number', 'target', '"target.gender.male" expected a number'],
    ['"imageRule.maxSide" expected 1', WHOLE, '"imageRule.maxSide" expected 1'],
    ['"name" expected text', NAME, '"name" expected text'],
    ['--fail-on "x>1": the result has no "x"', FAIL_ON, '--fail-on "x>1": the result has no "x"'],
    ['/data/faces/labels.csv: no such file', 'training', '/data/faces/labels.csv: no such file'],
    ['/data/faces/made: not a folder', 'generated', '/data/faces/made: not a folder'],
    ['memory: faces take 3 GB', WHOLE, 'memory: faces take 3 GB'],
  ])('%s stands at the field it names', (message, place, shown) => {
    const fields = fieldsOf(formOfJob(jobOf('audit')));
    const values = { training: './faces/', generated: 'faces/made' };
    expect(placeMessage(message, { fields, values })).toEqual([place, shown]);
  });
});

test('the time left follows the rate of the stage, and begins anew with the next', () => {
  const left = createTimeLeft();
  const at = (stage: string, done: number, total: number | null = 10) =>
    ({ type: 'progress', stage, done, total }) as const;
  expect(left(null, 0)).toBeNull();
  expect(left(at('reading', 2), 1000)).toBeNull();
  expect(left(at('reading', 4), 2000)).toBe(3000);
  expect(left(at('asking', 4), 2500)).toBeNull();
  expect(left(at('asking', 5, null), 3000)).toBeNull();
  expect(left(at('asking', 9), 4500)).toBe(400);
});
