import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeQuestion } from '../questions.ts';
import { ENVIRONMENT, MOCK_KEY, MODELS, MockProvider, serveMock } from './mock-provider.ts';

const QUESTIONS = 12;

function start(options: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [resolve(import.meta.dirname, 'batch-child.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...ENVIRONMENT },
  });
}

describe.each(['openai', 'anthropic', 'google'] as const)('killed while %s takes a batch', kind => {
  test('between its being taken and its being written down: it is found, and nothing is asked twice', async () => {
    const root = mkdtempSync(join(tmpdir(), 'biolens-batch-kill-'));
    const runsDir = join(root, 'runs');
    mkdirSync(runsDir);
    const from = join(root, 'q.jsonl');
    const lines = Array.from({ length: QUESTIONS }, (_, i) =>
      JSON.stringify(makeQuestion({ id: `f/${i}`, text: `Which is ${i}?` })),
    );
    writeFileSync(from, `${lines.join('\n')}\n`);
    const taken = Promise.withResolvers<void>();
    const provider = new MockProvider({
      kind,
      polls: 1,
      // The first batch is taken, and its answer never comes.
      taken: async count => {
        if (count > 1) return undefined;
        taken.resolve();
        return await new Promise(() => undefined);
      },
    });
    const server = await serveMock(provider);
    const options = { runsDir, from, model: MODELS[kind], base: server.base };
    try {
      const first = start(options);
      first.stdout?.resume();
      await taken.promise;
      first.kill('SIGKILL');
      await once(first, 'exit');

      const second = start(options);
      second.stdout?.resume();
      const [code] = await once(second, 'exit');
      expect(code).toBe(0);
      expect(provider.batches).toHaveLength(1);
      expect(new Set(provider.taken).size).toBe(QUESTIONS);
      const folder = join(runsDir, readdirSync(runsDir)[0] ?? '');
      const items = readFileSync(join(folder, 'items.jsonl'), 'utf8').trimEnd().split('\n');
      expect(new Set(items.map(item => JSON.parse(item).question)).size).toBe(QUESTIONS);
      expect(items).toHaveLength(QUESTIONS);
      for (const name of ['run.json', 'items.jsonl', 'report.json', 'artifacts/batches.json'])
        expect(readFileSync(join(folder, name), 'utf8'), name).not.toContain(MOCK_KEY);
    } finally {
      await server.close();
      rmSync(root, { recursive: true, force: true });
    }
  });
});
