import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tallyJob } from '../../examples/tally-job/job.ts';
import { buildProgram } from '../../src/app/cli/main.ts';
import { writeReference } from '../../src/app/cli/reference.ts';
import { JOBS } from '../../src/app/jobs.ts';
import { configurationJsonSchema, defineJob, fieldsOf, flagName, schemasOf } from '../../src/kit/job/index.ts';
import { biolens } from '../cli/biolens.ts';

const io = { out: () => {}, err: () => {}, interactive: false, columns: 80, env: {} };

/** What commit 1a60878 took, by verb: all of it still works. */
const FORMER: Readonly<Record<string, string>> = {
  audit:
    '--train --generated --heldout --labels --generated-labels --attribute --target --embedder --classifier --whole-image --false-match-rate --fdr --permutations --no-centre --blur --fail-on --runs-dir --name --json --device --seed',
  mitigate:
    '--model --train --heldout --labels --heldout-labels --output --replication --bias --reward --copied --tolerance --quality-floor --rounds --samples --audit-samples --gamma --reading --integral --combination --degree --reject-copies --normalise --regulariser --steps --batch --learning-rate --average --sampler --sampling-steps --embedder --classifier --whole-image --permutations --compare --blur --fail-on --runs-dir --name --json --device --seed',
  'bench run':
    '--from --model --setting --rotations --repeats --shard --temperature --max-output-tokens --seed --system --log-probabilities --image-layout --max-side --no-control --no-lint --name --concurrency --budget-tokens --budget-dollars --price --timeout --attempts --parser --fail-on --runs-dir --json',
  'bench resume':
    '--retry-errors --concurrency --budget-tokens --budget-dollars --price --timeout --attempts --parser --fail-on --runs-dir --json',
  'diffusion train':
    '--images --output --kind --size --preset --from --classes --labels --steps --batch --channels --layers --learning-rate --dropout --prediction --mirror --shift --colour --sheets --sheet-method --sheet-steps --checkpoint-seconds --threads --runs-dir --name --json --device --seed',
  'study bias-by-size':
    '--images --labels --attribute --sizes --kinds --size --steps --epochs --batch --samples --classifier --target --fail-on --runs-dir --name --json --device --seed',
};

/** The command of a verb. */
function commandOf(verb: string) {
  let command = buildProgram(io);
  for (const word of verb.split(' ')) command = command.commands.find(child => child.name() === word)!;
  return command;
}

describe.each(JOBS.map(job => [job.verb, job] as const))('%s', (verb, job) => {
  const given = fieldsOf(job.configuration).filter(({ meta }) => meta.changeable !== 'only');

  test('every flag is declared once, and help says what the schema says', () => {
    const { options } = commandOf(verb);
    const names = given.flatMap(({ flags }) => flags.map(flagName));
    expect(new Set(names).size).toBe(names.length);
    const longs = options.map(({ long }) => long);
    expect(new Set(longs).size).toBe(longs.length);
    for (const { meta, flags, default: value } of given) {
      for (const flag of flags) {
        const option = options.find(({ long }) => long === flagName(flag));
        expect(option, flag.flags).toBeDefined();
        expect(option!.description).toContain(flag.help ?? meta.help);
        // Nothing but the schema knows a default.
        expect(option!.defaultValue, flag.flags).toBeUndefined();
        const said = /\(default: (.+)\)$/.exec(option!.description)?.[1];
        if (
          flag === flags[0] &&
          meta.otherwise === undefined &&
          typeof value === 'number' &&
          flag.text === undefined &&
          meta.text === undefined
        )
          expect(said, flag.flags).toBe(String(value));
      }
    }
  });

  test('the JSON Schema of its configuration carries help and defaults', () => {
    const schema = z
      .object({
        properties: z.record(
          z.string(),
          z.looseObject({ description: z.string().optional(), default: z.unknown().optional() }),
        ),
      })
      .parse(configurationJsonSchema(job.configuration));
    for (const { path, meta, default: value } of given) {
      if (path.length > 1) continue;
      const property = schema.properties[path[0]!];
      expect(property?.description).toBe(meta.help);
      if (value !== undefined) expect(property?.default).toEqual(value);
    }
    expect(JSON.parse(JSON.stringify(schemasOf(job)))).toMatchObject({ kind: job.kind });
  });

  test('its examples are of its own verb', () => {
    expect(job.examples[0]).toMatch(new RegExp(`^biolens ${verb} `));
  });
});

test.each(Object.entries(FORMER))('%s takes all that it took before', (verb, flags) => {
  const longs = commandOf(verb).options.map(({ long }) => long);
  expect(longs).toEqual(expect.arrayContaining(flags.split(' ')));
});

test('a job whose field is not declared is refused', () => {
  const configuration = tallyJob.configuration.extend({ more: z.number().default(1) });
  expect(() => defineJob({ ...tallyJob, configuration } as never)).toThrow('the field "more" is not declared');
});

test('docs/reference.md is what the declarations say (npm run reference)', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/reference.md'), 'utf8');
  expect(text === writeReference(buildProgram(io), JOBS)).toBe(true);
});

test('biolens schema prints every schema of a job, and names the nearest kind', async () => {
  const { out } = await biolens('schema', 'audit');
  expect(JSON.parse(out)).toMatchObject({
    kind: 'audit',
    configuration: { properties: { training: { 'x-is': 'images-or-embeddings', 'x-flags': ['--train <path>'] } } },
    report: { properties: { replication: expect.anything() } },
  });
  expect(await biolens('schema', 'audti')).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean "audit"?'),
  });
});
