import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { BenchResult } from './bench-result.ts';

const THREADS = availableParallelism();
const TURNS = 4;
/** Steps of a turn; the first ones of each process are not counted. */
const STEPS = { train: 6, denoise: 16 } as const;
const SLOW_STEPS = { train: 1, denoise: 2 } as const;
/** Python with PyTorch. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';

type Mode = keyof typeof STEPS;

const measured = z.object({
  milliseconds: z.array(z.number()).min(1),
  parameters: z.number(),
  peakBytes: z.number(),
  version: z.string(),
});
type Measured = z.infer<typeof measured>;

function run(command: string, script: string, args: readonly (string | number)[]): Measured {
  const path = join(import.meta.dirname, script);
  const text = execFileSync(command, [path, ...args.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return measured.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

interface Turns {
  readonly ours: Measured[];
  readonly torch: Measured[];
  readonly tfjs: Measured[];
}

function takeTurns(mode: Mode, python: string | undefined): Turns {
  const turns: Turns = { ours: [], torch: [], tfjs: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    turns.ours.push(run(process.execPath, 'training-ours.ts', [mode, STEPS[mode], THREADS]));
    if (python !== undefined) turns.torch.push(run(python, 'training-peer.py', [mode, STEPS[mode], THREADS]));
    // Its steps take seconds: once is enough to tell.
    if (turn === 0) turns.tfjs.push(run(process.execPath, 'training-tfjs.ts', [mode, SLOW_STEPS[mode]]));
    const last = ({ milliseconds }: Measured) => `${median(milliseconds).toFixed(0)} ms`;
    console.error(
      `  ${mode}: ours ${last(turns.ours.at(-1)!)}, PyTorch ${turns.torch.length === 0 ? '–' : last(turns.torch.at(-1)!)}`,
    );
  }
  return turns;
}

const timeOf = (turns: readonly Measured[]) => median(turns.map(({ milliseconds }) => median(milliseconds)));

function rowOf(mode: Mode, { ours, torch, tfjs }: Turns): (string | number)[] {
  const ratios = torch.map((peer, i) => median(peer.milliseconds) / median(ours[i]!.milliseconds));
  const memory = (turns: readonly Measured[]) =>
    turns.length === 0 ? '–' : (Math.max(...turns.map(({ peakBytes }) => peakBytes)) / 2 ** 30).toFixed(2);
  return [
    mode === 'train' ? 'training step' : 'denoising step',
    timeOf(ours).toFixed(0),
    torch.length === 0 ? '–' : timeOf(torch).toFixed(0),
    torch.length === 0
      ? '–'
      : `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    timeOf(tfjs).toFixed(0),
    (timeOf(tfjs) / timeOf(ours)).toFixed(1),
    memory(ours),
    memory(torch),
    memory(tfjs),
  ];
}

/** Shares of our training step's time by kind of operation, the largest first. */
function whereTimeGoes(): string {
  const path = join(import.meta.dirname, 'training-profile.ts');
  const text = execFileSync(process.execPath, [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const shares = Object.entries(z.record(z.string(), z.number()).parse(JSON.parse(text)));
  const sorted = shares.toSorted(([, a], [, b]) => b - a);
  return sorted.map(([kind, share]) => `${kind} ${(100 * share).toFixed(0)} %`).join(', ');
}

/** A U-Net of 3.3 million parameters, 16 images of 32×32, beside PyTorch and TensorFlow.js, turn by turn. */
export async function bench(): Promise<BenchResult> {
  const python = process.env[PEER_VARIABLE];
  const modes: readonly Mode[] = ['train', 'denoise'];
  const turns = modes.map(mode => takeTurns(mode, python));
  const [first] = turns;
  const version = (side: keyof Turns) => first?.[side][0]?.version ?? '';
  const counts = new Set(turns.flatMap(({ ours, torch, tfjs }) => [...ours, ...torch, ...tfjs].map(m => m.parameters)));
  if (counts.size !== 1) throw new Error(`the networks differ: ${[...counts].join(', ')} parameters`);
  return {
    title: `A diffusion U-Net of ${([...counts][0]! / 1e6).toFixed(1)} million parameters, 16 images of 32×32`,
    columns: [
      'ms',
      'ours',
      'PyTorch',
      '× PyTorch',
      'TensorFlow.js',
      '× TensorFlow.js',
      'our peak (GiB)',
      'PyTorch’s',
      'TensorFlow.js’',
    ],
    rows: modes.map((mode, i) => rowOf(mode, turns[i]!)),
    notes: [
      `${THREADS} threads for ours and PyTorch; TensorFlow.js has one in Node. Ours: ${version('ours')}, ${THREADS} parts of the batch side by side. Medians of ${TURNS} turns taken alternately, each a process of its own; ratios are medians (least–most) of the turns’.`,
      `TensorFlow.js ${version('tfjs')} on wasm, one turn; the gradient of a convolution's kernel, which that backend lacks, is repaired with matrix products.`,
      python === undefined
        ? `No PyTorch: name a Python that has torch in ${PEER_VARIABLE}.`
        : `PyTorch ${version('torch')}, eager, channels-last, fused Adam.`,
      `Of the gradient's time on one thread: ${whereTimeGoes()}.`,
      'Peak memory is that of the whole process, its libraries included.',
    ],
  };
}
