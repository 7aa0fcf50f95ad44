import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainSystemError } from '../../src/ground/disk.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { biolens } from './biolens.ts';

describe('a wrong command line', () => {
  test.each([
    // A misspelt option, with all that is needed there or not.
    [
      'audit --train a --generated b --genrated c',
      `unknown option '--genrated', did you mean "--generated"? (see biolens audit --help)`,
    ],
    ['audit --trian a --generated b', `unknown option '--trian', did you mean "--train"? (see biolens audit --help)`],
    ['bench build --form a -o b', `unknown option '--form', did you mean "--from"? (see biolens bench build --help)`],
    [
      'faces train drawn --atribute age -o x',
      `unknown option '--atribute', did you mean "--attribute"? (see biolens faces train --help)`,
    ],
    ['faces detect --jsno', `unknown option '--jsno', did you mean "--json"? (see biolens faces detect --help)`],
    ['bench build --from a', `required option '-o, --output <dir>' not specified (see biolens bench build --help)`],
    // What the jobs find wrong leads to their help too.
    ['audit --generated b', '--train is missing (see biolens audit --help)'],
    ['bench run', '--from is missing (see biolens bench run --help)'],
    ['bench stats', '--from is missing (see biolens bench stats --help)'],
    ['bench lint a --from b', '--from b: the benchmark is given already, as a (see biolens bench lint --help)'],
    [
      'audit --train a --generated b --seed x',
      '--seed expected a whole number from 0, got "x" (see biolens audit --help)',
    ],
  ])('biolens %s', async (line, message) => {
    expect(await biolens(...line.split(' '))).toEqual({ code: 2, out: '', err: `biolens: ${message}\n` });
  });

  test.each([
    ['audti', 'audit', 'biolens'],
    ['audti --train a', 'audit', 'biolens'],
    ['bench rnu', 'run', 'biolens bench'],
    ['bench rnu --from a', 'run', 'biolens bench'],
    ['runs lsit', 'list', 'biolens runs'],
    ['help audti', 'audit', 'biolens'],
    ['help bench rnu', 'run', 'biolens bench'],
  ])('biolens %s speaks of a verb and names the nearest', async (line, meant, place) => {
    const { code, out, err } = await biolens(...line.split(' '));
    expect(err).toMatch(/^biolens: there is no verb "\w+".*, there are .*\n$/);
    expect(err).toContain(`; did you mean "${meant}"? (see ${place} --help)\n`);
    expect([code, out]).toEqual([2, '']);
  });

  test.each(['\u001b[31m', 'a\u202eb', 'x\ny'])(
    '%j as a verb or an option stays one line that a terminal can take',
    async word => {
      for (const args of [[word], [`--${word}`], ['audit', `--${word}`], ['bench', word]]) {
        const { code, err } = await biolens(...args);
        expect(err).toMatch(/^[^\p{Cc}\u202e]*\n$/u);
        expect(code).toBe(2);
      }
    },
  );
});

describe('biolens help', () => {
  test.each([
    ['', '--help'],
    ['audit', 'audit --help'],
    ['bench', 'bench --help'],
    ['bench run', 'bench run --help'],
    ['runs report', 'runs report --help'],
  ])('help %s is what %s prints', async (verb, flag) => {
    const { code, out, err } = await biolens('help', ...verb.split(' ').filter(word => word !== ''));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe((await biolens(...flag.split(' '))).out);
    expect(out).toContain(`Usage: biolens ${verb}`.trimEnd());
  });
});

describe('runs of another kind', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let audit = '';
  beforeAll(async () => {
    folder = await temporaryFolder();
    const run = await createRun({ kind: 'audit', name: 'faces', runsDir: folder.path, seed: 1, configuration: {} });
    await run.interrupt();
    audit = run.id;
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test.each(['compare', 'score', 'export', 'merge'])('bench %s offers none of them', async verb => {
    const bench = (id: string) => biolens('bench', verb, id, '--runs-dir', folder.path);
    for (const id of ['faces', 'latest'])
      expect((await bench(id)).err).toBe(`biolens: there is no bench run "${id}" in ${folder.path}\n`);
    expect((await bench(audit)).err).toBe(`biolens: ${audit} is a run of "audit", expected one of "bench"\n`);
    expect((await bench(audit)).code).toBe(2);
  });
});

describe('where nothing can be written', () => {
  test('a folder that cannot be made is told as such', () => {
    const denied = (syscall: string) => Object.assign(new Error('denied'), { code: 'EACCES', syscall });
    for (const call of ['mkdir', 'rename', 'unlink', 'symlink'])
      expect(explainSystemError(denied(call))).toBe('no permission to write it');
    expect(explainSystemError(denied('open'))).toBe('no permission to read it');
    expect(explainSystemError(denied('open'), 'write')).toBe('no permission to write it');
    expect(explainSystemError(denied('scandir'))).toBe('no permission to read it');
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(process.platform === 'win32' || isRoot)(
    'a run cannot be made there (as a user who may not write everywhere)',
    async () => {
      await using folder = await temporaryFolder();
      const locked = join(folder.path, 'locked');
      mkdirSync(locked);
      chmodSync(locked, 0o500);
      const made = createRun({ kind: 'audit', runsDir: locked, seed: 1, configuration: {} });
      await expect(made).rejects.toThrow('no permission to write it');
      execFileSync('chmod', ['700', locked]);
    },
  );
});
