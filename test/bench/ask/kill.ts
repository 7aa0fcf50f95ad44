import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { askSettings, buildText, latestAnswers, posings } from '../../../src/jobs/bench/ask/index.ts';
import { type MockOptions, mockLetter, startMockServer } from './mock-server.ts';
import { makeQuestions } from './support.ts';

export interface KillTest {
  readonly questions: number;
  readonly kills: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly server: MockOptions;
}

const KEY = 'sk-kill-test-0123456789abcdef';

function startStretch(runsDir: string, baseUrl: string, { questions, concurrency, timeoutMs }: KillTest): ChildProcess {
  const options = JSON.stringify({ runsDir, baseUrl, questions, concurrency, timeoutMs, attempts: 3 });
  return spawn(process.execPath, [resolve(import.meta.dirname, 'ask-child.ts'), options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, OPENAI_COMPATIBLE_API_KEY: KEY },
  });
}

/** Kills the process with signal 9 once so many answers are recorded; false where it ended before. */
async function killAt(child: ChildProcess, answers: number): Promise<boolean> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (Number(line) < answers) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
    return true;
  }
  return false;
}

/**
 * Asks a server that misbehaves in every way it can, kills the process with signal 9 on the way, and checks that after
 * resuming there is one answer to every question, and that errors are recorded as errors.
 */
export async function runKillTest(options: KillTest): Promise<void> {
  const server = await startMockServer({ ...options.server, apiKey: KEY });
  const runsDir = mkdtempSync(join(tmpdir(), 'biolens-kill-'));
  try {
    for (let kill = 1; kill <= options.kills; kill++) {
      const at = Math.round((options.questions * kill) / (options.kills + 1));
      expect(await killAt(startStretch(runsDir, server.baseUrl, options), at), `killed at ${at}`).toBe(true);
    }
    const last = startStretch(runsDir, server.baseUrl, options);
    last.stdout?.resume();
    const [code] = await once(last, 'exit');
    expect(code).toBe(0);

    const folder = join(runsDir, readdirSync(runsDir)[0]!);
    const lines = readFileSync(join(folder, 'items.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines, 'none twice').toHaveLength(options.questions);
    const answers = await latestAnswers(lines.map(line => JSON.parse(line)));
    expect(answers).toHaveLength(options.questions);
    const byId = new Map(answers.map(answer => [answer.question, answer]));
    const outcomes = { letters: 0, refused: 0, empty: 0, errors: 0 };
    for (const question of makeQuestions(options.questions)) {
      const answer = byId.get(question.id)!;
      expect(answer, `${question.id} is not lost`).toBeDefined();
      const letter = mockLetter(buildText([...posings(question, askSettings())][0]!));
      if (answer.raw === null) outcomes.errors++;
      else if (answer.refused) outcomes.refused++;
      else if (answer.raw === '') outcomes.empty++;
      else {
        expect(answer.raw).toBe(letter);
        outcomes.letters++;
      }
      expect(answer.raw === null).toBe(answer.error !== undefined);
    }
    for (const [outcome, count] of Object.entries(outcomes)) expect(count, outcome).toBeGreaterThan(0);
    for (const [fault, count] of Object.entries(server.stats.faults)) expect(count, fault).toBeGreaterThan(0);
    for (const name of readdirSync(folder)) {
      expect(readFileSync(join(folder, name), 'utf8'), `${name} holds no key`).not.toContain(KEY);
    }
  } finally {
    await server.close();
    rmSync(runsDir, { recursive: true, force: true });
  }
}
