import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeNpyHeader } from '../src/kit/tensor/index.ts';
import type { BenchResult } from './bench-result.ts';

const QUERIES = 10_000;
const BASE = 1_000_000;
const WIDTH = 128;
const TURNS = 5;
const THREADS = availableParallelism();
const KS = [1, 10] as const;
/** Python with faiss-cpu and numpy. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';

const measured = z.object({
  seconds: z.number(),
  processorSeconds: z.number(),
  peakBytes: z.number().optional(),
  version: z.string().optional(),
});
type Measured = z.infer<typeof measured>;

/** Writes rows of length 1 in random directions as a .npy file, a part at a time. */
function writeRows(path: string, rows: number, seed: number): void {
  const file = openSync(path, 'w');
  writeSync(file, writeNpyHeader('float32', [rows, WIDTH]));
  let state = seed;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
  const part = new Float32Array(1000 * WIDTH);
  for (let done = 0; done < rows; done += 1000) {
    for (let start = 0; start < part.length; start += WIDTH) {
      let squares = 0;
      for (let j = start; j < start + WIDTH; j++) {
        part[j] = next() + next() + next();
        squares += part[j]! ** 2;
      }
      for (let j = start; j < start + WIDTH; j++) part[j]! /= Math.sqrt(squares);
    }
    writeSync(file, part);
  }
  closeSync(file);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Share of the first neighbours that two results agree on. */
function agreement(a: string, b: string, k: number): number {
  const [left, right] = [a, b].map(path => new Int32Array(new Uint8Array(readFileSync(path)).buffer)) as [
    Int32Array,
    Int32Array,
  ];
  let same = 0;
  for (let i = 0; i < left.length; i += k) if (left[i] === right[i]) same++;
  return same / (left.length / k);
}

function run(command: string, args: readonly string[]): Measured {
  return measured.parse(
    JSON.parse(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })),
  );
}

interface Turn {
  readonly ours: Measured;
  readonly peer: Measured | undefined;
}

function takeTurn(folder: string, k: number, python: string | undefined): Turn {
  const script = (name: string) => join(import.meta.dirname, name);
  const args = (out: string) => [
    ...['base.npy', 'queries.npy'].map(name => join(folder, name)),
    String(k),
    String(THREADS),
    join(folder, out),
  ];
  const ours = run(process.execPath, [script('neighbours-ours.ts'), ...args('ours')]);
  const peer = python === undefined ? undefined : run(python, [script('neighbours-peer.py'), ...args('peer')]);
  console.error(`  top-${k}: ours ${ours.seconds.toFixed(1)} s, faiss ${peer?.seconds.toFixed(1) ?? '–'} s`);
  return { ours, peer };
}

function rowOf(folder: string, k: number, turns: readonly Turn[]): (string | number)[] {
  const peers = turns.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
  const ratios = turns.flatMap(({ ours, peer }) => (peer === undefined ? [] : [peer.seconds / ours.seconds]));
  const seconds = (values: readonly number[]) => (values.length === 0 ? '–' : median(values).toFixed(1));
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return [
    `top-${k}`,
    seconds(turns.map(({ ours }) => ours.seconds)),
    seconds(peers.map(peer => peer.seconds)),
    peers.length === 0 ? '–' : `${median(ratios).toFixed(2)} (${range})`,
    seconds(turns.map(({ ours }) => ours.processorSeconds)),
    seconds(peers.map(peer => peer.processorSeconds)),
    `${Math.round(Math.max(...turns.map(({ ours }) => ours.peakBytes ?? 0)) / 2 ** 20)} MiB`,
    peers.length === 0 ? '–' : `${(100 * agreement(join(folder, 'ours'), join(folder, 'peer'), k)).toFixed(2)} %`,
  ];
}

/** Exact nearest neighbours beside faiss-cpu's flat index: turn by turn, the same rows, the same number of threads. */
export async function bench(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-neighbours-'));
  const python = process.env[PEER_VARIABLE];
  try {
    writeRows(join(folder, 'base.npy'), BASE, 1);
    writeRows(join(folder, 'queries.npy'), QUERIES, 2);
    let version = '';
    const rows = KS.map(k => {
      const turns = Array.from({ length: TURNS }, () => takeTurn(folder, k, python));
      version = turns[0]?.peer?.version ?? version;
      return rowOf(folder, k, turns);
    });
    return {
      title: `Exact nearest neighbours: ${QUERIES.toLocaleString('en')} × ${BASE.toLocaleString('en')} × ${WIDTH}`,
      columns: [
        'search',
        'ours (s)',
        'faiss (s)',
        'ratio',
        'ours, CPU (s)',
        'faiss, CPU (s)',
        'our peak memory',
        'same nearest',
      ],
      rows,
      notes: [
        `${THREADS} threads each; medians of ${TURNS} turns, taken alternately; the ratio is the median (least–most) of the turns' ratios of elapsed time.`,
        'Ours reads the base from disk while it searches; the peer has it in memory before its clock starts.',
        python === undefined
          ? `No peer: name a Python that has faiss-cpu and numpy in ${PEER_VARIABLE}.`
          : `Peer: IndexFlatIP of faiss-cpu ${version}.`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
