import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Question, questionSchema } from '../src/ground/contracts/bench.ts';
import type { Measured } from './harness-workload.ts';

/** Reads the pictures of a test into one chat message: the way its manual has for several pictures in a prompt. */
const PROMPT = `const { readFileSync } = require('node:fs');
module.exports = ({ vars }) =>
  JSON.stringify([{ role: 'user', content: [
    ...JSON.parse(vars.images).map(path => ({
      type: 'image_url',
      image_url: { url: 'data:image/jpeg;base64,' + readFileSync(path, 'base64') },
    })),
    { type: 'text', text: vars.text },
  ] }]);
`;

/** Loaded into the peer's process: writes down what it took when it ends. */
const USAGE = `import { writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const usage = { cpuMs: (user + system) / 1000, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
  writeFileSync(process.env.USAGE_FOLDER + '/' + process.pid + '.json', JSON.stringify(usage));
});
`;

const usageSchema = z.object({ cpuMs: z.number(), peakMegabytes: z.number() });

export interface PeerOptions {
  /** Folder in which promptfoo is installed. */
  readonly home: string;
  /** Folder of the workload. */
  readonly folder: string;
  readonly questions: number;
  readonly concurrency: number;
  readonly baseUrl: string;
}

/** Puts the first questions of the workload to the same endpoint with promptfoo. */
export async function measurePromptfoo(options: PeerOptions): Promise<Measured & { readonly version: string }> {
  const work = join(options.folder, 'promptfoo');
  const usage = join(work, 'usage');
  mkdirSync(usage, { recursive: true });
  const questions = readFileSync(join(options.folder, 'questions.jsonl'), 'utf8')
    .split('\n', options.questions)
    .map(line => questionSchema.parse(JSON.parse(line)));
  writeFileSync(join(work, 'prompt.cjs'), PROMPT);
  writeFileSync(join(work, 'usage.mjs'), USAGE);
  writeFileSync(join(work, 'config.json'), JSON.stringify(configOf(questions, options)));
  const entry = join(options.home, 'node_modules/promptfoo/dist/src/entrypoint.js');
  const flags = ['--no-cache', '--no-progress-bar', '--no-table', '-j', String(options.concurrency)];
  const started = performance.now();
  const child = spawn(process.execPath, [entry, 'eval', '-c', 'config.json', ...flags], {
    cwd: work,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: `--no-warnings --import=${join(work, 'usage.mjs')}`,
      USAGE_FOLDER: usage,
      PROMPTFOO_CONFIG_DIR: join(work, 'home'),
      PROMPTFOO_DISABLE_TELEMETRY: '1',
      PROMPTFOO_DISABLE_UPDATE: '1',
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`promptfoo ended with exit code ${code}`);
  const wallMs = performance.now() - started;
  const used = readdirSync(usage).map(name => usageSchema.parse(JSON.parse(readFileSync(join(usage, name), 'utf8'))));
  return {
    wallMs,
    askedMs: durationIn(output),
    cpuMs: used.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peakMegabytes: Math.max(...used.map(({ peakMegabytes }) => peakMegabytes)),
    version: versionOf(options.home),
  };
}

function configOf(questions: readonly Question[], { folder, baseUrl }: PeerOptions) {
  const config = { apiBaseUrl: baseUrl, apiKey: 'none', temperature: 0, max_tokens: 1024 };
  return {
    prompts: ['file://prompt.cjs'],
    providers: [{ id: 'openai:chat:mock', config }],
    tests: questions.map(({ text, images }) => ({
      // A list would be taken for variants to try one by one.
      vars: { text, images: JSON.stringify(images.map(({ file }) => join(folder, file ?? ''))) },
      assert: [{ type: 'equals', value: 'B' }],
    })),
  };
}

/** Reads `Duration: 16s` or `Duration: 3m 5s` in what the peer prints, in milliseconds. */
function durationIn(output: string): number {
  const match = /Duration: (?:(\d+)m )?(\d+)s/.exec(output);
  if (match === null) throw new Error('promptfoo did not say how long it took');
  return (Number(match[1] ?? 0) * 60 + Number(match[2])) * 1000;
}

function versionOf(home: string): string {
  const manifest = JSON.parse(readFileSync(join(home, 'node_modules/promptfoo/package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}
