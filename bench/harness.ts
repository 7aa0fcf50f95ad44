import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { BenchResult } from './bench-result.ts';
import { measurePromptfoo } from './harness-peer.ts';
import { type Measured, writeWorkload } from './harness-workload.ts';

const QUESTIONS = 5000;
/** The peer takes a second for what takes us a hundredth of one; its cost a question is the same from a thousand on. */
const PEER_QUESTIONS = 1000;
const CONCURRENCY = 64;
const DELAY_MS = 200;

const workerSchema = z.object({
  wallMs: z.number(),
  askedMs: z.number(),
  cpuMs: z.number(),
  peakMegabytes: z.number(),
  answers: z.number(),
  concurrency: z.number(),
});

const run = promisify(execFile);

async function startServer(): Promise<{ readonly child: ChildProcess; readonly baseUrl: string }> {
  const script = resolve(import.meta.dirname, '../test/bench/ask/mock-server.ts');
  const options = JSON.stringify({ blind: true, delayMs: DELAY_MS });
  const child = spawn(process.execPath, [script, options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout!, 'data');
  return { child, baseUrl: `http://127.0.0.1:${String(port).trim()}/v1` };
}

interface WorkerOptions {
  readonly mode: 'ask' | 'encode';
  readonly folder: string;
  readonly baseUrl: string;
  readonly concurrency: number | 'auto';
  readonly questions: number;
}

async function measureWorker(options: WorkerOptions): Promise<z.infer<typeof workerSchema>> {
  const script = resolve(import.meta.dirname, 'harness-worker.ts');
  const given = JSON.stringify({ ...options, runsDir: join(options.folder, 'runs') });
  const { stdout } = await run(process.execPath, [script, given]);
  const measured = workerSchema.parse(JSON.parse(stdout));
  if (options.mode === 'ask' && measured.answers !== options.questions) {
    throw new Error(`${measured.answers} right answers of ${options.questions}`);
  }
  return measured;
}

/**
 * What the harness adds to the time that an endpoint takes: 5,000 questions of 2.2 pictures put to a local endpoint (a
 * process of its own) that takes 200 ms, 64 at a time. With `BIOLENS_PEER_PROMPTFOO` naming a folder in which promptfoo
 * is installed, that is measured beside it.
 */
export async function bench(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-harness-'));
  const server = await startServer();
  const { baseUrl } = server;
  try {
    const { pictureBytes } = await writeWorkload(folder, QUESTIONS);
    const worker = (mode: 'ask' | 'encode', concurrency: number | 'auto', questions = QUESTIONS) =>
      measureWorker({ mode, folder, baseUrl, concurrency, questions });
    const row = (
      name: string,
      measured: Measured,
      { questions, pictures }: { questions: number; pictures: number | null },
    ) => {
      const ideal = (questions * DELAY_MS) / CONCURRENCY;
      const cpu = measured.cpuMs / questions;
      return [
        name,
        questions,
        (measured.wallMs / 1000).toFixed(1),
        (measured.askedMs / ideal).toFixed(2),
        cpu.toFixed(2),
        pictures === null ? '–' : (cpu - pictures / questions).toFixed(2),
        Math.round(measured.peakMegabytes),
      ];
    };
    const encode = await worker('encode', CONCURRENCY);
    const fixed = await worker('ask', CONCURRENCY);
    const auto = await worker('ask', 'auto');
    const rows = [
      row(`biolens, ${CONCURRENCY} at a time`, fixed, { questions: QUESTIONS, pictures: encode.cpuMs }),
      row(`biolens, auto (grew to ${auto.concurrency})`, auto, { questions: QUESTIONS, pictures: encode.cpuMs }),
    ];
    const notes = [
      `Local endpoint that takes ${DELAY_MS} ms, in its own process; pictures are JPEG of ${Math.round(pictureBytes / 1000)} kB, 2.2 a question, each read and prepared by itself.`,
      'Seconds, processor time and peak memory are those of the whole process with its start, and for biolens with compiling its TypeScript; "besides pictures" leaves out what a process takes that only makes the same pictures ready.',
      `The ideal is questions × ${DELAY_MS} ms / ${CONCURRENCY}, also for auto; beside it stands the time from the first question to the last answer, as promptfoo reports its own (in whole seconds).`,
      `Bars: ≤ 1.10 × the ideal, ≤ 1 ms besides pictures, ≤ 300 MB, at ${CONCURRENCY} at a time.`,
    ];
    const home = process.env.BIOLENS_PEER_PROMPTFOO;
    if (home === undefined) {
      notes.push(
        'promptfoo was not measured: `npm install --prefix DIR promptfoo`, then set BIOLENS_PEER_PROMPTFOO=DIR.',
      );
    } else {
      const questions = PEER_QUESTIONS;
      const peer = await measurePromptfoo({ home, folder, questions, concurrency: CONCURRENCY, baseUrl });
      const ours = await worker('ask', CONCURRENCY, questions);
      rows.push(row(`biolens, ${CONCURRENCY} at a time`, ours, { questions, pictures: null }));
      rows.push(row(`promptfoo ${peer.version}, -j ${CONCURRENCY}`, peer, { questions, pictures: null }));
      const [time, cpu] = [peer.wallMs / ours.wallMs, peer.cpuMs / ours.cpuMs];
      notes.push(
        `promptfoo on the first ${questions} questions of the same workload, with its results store on and its cache off: ${time.toFixed(1)} × our time, ${cpu.toFixed(1)} × our processor time.`,
      );
    }
    return {
      title: 'Asking: what the harness adds to the endpoint',
      columns: [
        'harness',
        'questions',
        'seconds',
        'asking, × ideal',
        'own CPU, ms a question',
        'besides pictures',
        'peak MB',
      ],
      rows,
      notes,
    };
  } finally {
    server.child.stdin?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
