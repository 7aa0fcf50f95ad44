import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import { picture } from '../official-folder.ts';
import { makeQuestion } from '../questions.ts';

// Servers that people run, started by the Python named here: pip install 'litellm[proxy]' torch torchvision 'transformers[serving]' pillow.
const PYTHON = process.env.BIOLENS_SERVERS_PYTHON ?? '';
const have = (program: string): boolean => PYTHON !== '' && existsSync(join(dirname(PYTHON), program));
const REASON = '(needs BIOLENS_SERVERS_PYTHON)';
const BIOLENS = resolve(import.meta.dirname, '../../../bin/biolens.js');
const QUESTIONS = 42;
/** LiteLLM does not start without one. */
const KEY = 'sk-0123456789abcdef0123456789abcdef';
const START_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), 'biolens-servers-'));
let server: ChildProcess | undefined;

async function stopServer(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  server.kill('SIGTERM');
  await once(server, 'exit');
}

beforeAll(async () => {
  const stream = openStream(randomKey(42));
  const questions = [];
  await mkdir(join(folder, 'bench'));
  for (let i = 0; i < 8; i++) await writeFile(join(folder, 'bench', `${i}.png`), await picture(i));
  for (let i = 0; i < QUESTIONS; i++) {
    const paths = Array.from({ length: 1 + (i % 6) }, () => `${stream.integer(8)}.png`);
    questions.push(makeQuestion({ id: `q/${i}`, paths, correct: i % 3 === 0 ? 'A' : 'B' }));
  }
  await writeFile(join(folder, 'bench', 'questions.jsonl'), questions.map(one => `${JSON.stringify(one)}\n`).join(''));
});
afterAll(async () => {
  await stopServer();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts a server and waits until it answers under a path; returns its address. */
async function start(program: string, argsOf: (port: number) => string[], path: string): Promise<string> {
  await stopServer();
  const port = await freePort();
  const child = spawn(join(dirname(PYTHON), program), argsOf(port), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LITELLM_MASTER_KEY: KEY },
    cwd: folder,
  });
  server = child;
  let said = '';
  child.stderr!.on('data', chunk => {
    said = (said + chunk).slice(-2000);
  });
  const address = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(500)) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    if (
      await fetch(address + path).then(
        reply => reply.ok,
        () => false,
      )
    )
      return address;
  }
  throw new Error(`${program} did not answer: ${said}`);
}

const resultSchema = z.object({
  overall: z.object({ value: z.number().nullable(), n: z.number() }),
  outcomes: z.record(z.string(), z.number()),
});

/** Puts the questions to a model; the outcomes and the accuracy. */
async function ask(
  address: string,
  model: string,
  setting: string,
): Promise<{ outcomes: Record<string, number>; accuracy: number | null }> {
  const args = ['bench', 'run', '--from', join(folder, 'bench'), '--model', `openai-compatible:${address}/v1#${model}`];
  args.push(
    '--setting',
    setting,
    '--no-control',
    '--max-output-tokens',
    '16',
    '--runs-dir',
    join(folder, 'runs'),
    '--json',
  );
  const child = spawn(process.execPath, [BIOLENS, ...args], {
    env: { ...process.env, OPENAI_COMPATIBLE_API_KEY: KEY },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  expect(code, err).toBe(0);
  const { outcomes, overall } = resultSchema.parse(JSON.parse(out));
  return { outcomes, accuracy: overall.value };
}

describe('transformers serve', () => {
  let address: string;
  const model = join(folder, 'vlm');
  beforeAll(async () => {
    if (!have('transformers')) return;
    execFileSync(PYTHON, [join(import.meta.dirname, 'random-vlm.py'), model], { stdio: 'ignore' });
    address = await start(
      'transformers',
      port => ['serve', model, '--host', '127.0.0.1', '--port', `${port}`, '--device', 'cpu'],
      '/health',
    );
  }, 2 * START_MS);

  test.skipIf(!have('transformers')).for(['zero-shot', 'tools'])(
    `a vision-language model of random weights replies to every question: %s ${REASON}`,
    async setting => {
      const { outcomes } = await ask(address, model, setting);
      expect(outcomes.error).toBe(0);
      expect(Object.values(outcomes).reduce((sum, n) => sum + n)).toBe(QUESTIONS);
    },
  );
});

describe('the proxy of LiteLLM', () => {
  let address: string;
  beforeAll(async () => {
    if (!have('litellm')) return;
    const config = {
      model_list: [
        {
          model_name: 'mock',
          litellm_params: { model: 'openai/mock', api_key: 'none', mock_response: 'The answer is (A).' },
        },
      ],
    };
    // JSON is YAML.
    await writeFile(join(folder, 'litellm.yaml'), JSON.stringify(config));
    const options = (port: number) => ['--config', 'litellm.yaml', '--host', '127.0.0.1', '--port', `${port}`];
    address = await start('litellm', options, '/health/liveliness');
  }, 2 * START_MS);

  test.skipIf(!have('litellm')).for(['zero-shot', 'in-context', 'chain-of-thought', 'tools'])(
    `its replies are read and scored: %s ${REASON}`,
    async setting => {
      const { outcomes, accuracy } = await ask(address, 'mock', setting);
      expect(outcomes).toEqual({
        correct: QUESTIONS / 3,
        wrong: (2 * QUESTIONS) / 3,
        refused: 0,
        unparsed: 0,
        error: 0,
      });
      expect(accuracy).toBeCloseTo(1 / 3, 12);
    },
  );
});
