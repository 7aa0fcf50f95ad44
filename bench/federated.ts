import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { BenchResult } from './bench-result.ts';

/** Python with torch. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';
const TURNS = 5;

const measured = z.object({
  seconds: z.number(),
  parameters: z.number(),
  loadSeconds: z.number(),
  version: z.string(),
});
type Measured = z.infer<typeof measured>;

const CASES = [
  { name: '2NN, an epoch of 600 digits', model: '2nn', vocabulary: 10, examples: 600 },
  { name: 'CNN, an epoch of 600 digits', model: 'cnn', vocabulary: 10, examples: 600 },
  { name: 'next word of 10,000, ten steps', model: 'word-lstm', vocabulary: 10_000, examples: 100 },
  { name: 'next character of 86, ten steps', model: 'char-lstm', vocabulary: 86, examples: 100 },
] as const;

function run(command: string, script: string, { model, vocabulary, examples }: (typeof CASES)[number]): Measured {
  const args = [join(import.meta.dirname, script), model, String(vocabulary), String(examples)];
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return measured.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** What a client of a federation trains in a round, beside PyTorch. */
export async function bench(): Promise<BenchResult> {
  const python = process.env[PEER_VARIABLE];
  let version = '';
  const rows = CASES.map(one => {
    const turns = Array.from({ length: TURNS }, () => ({
      ours: run(process.execPath, 'federated-ours.ts', one),
      peer: python === undefined ? null : run(python, 'federated-peer.py', one),
    }));
    const ours = turns.map(turn => turn.ours);
    const peers = turns.flatMap(({ peer }) => (peer === null ? [] : [peer]));
    version = peers[0]?.version ?? '';
    const ratios = peers.map(({ seconds }, i) => seconds / ours[i]!.seconds);
    console.error(`  ${one.name}: ${ours.map(({ seconds }) => seconds.toFixed(3)).join(' ')} s`);
    return [
      one.name,
      ours[0]!.parameters,
      middle(ours.map(({ seconds }) => seconds)).toFixed(3),
      peers.length === 0 ? '–' : middle(peers.map(({ seconds }) => seconds)).toFixed(3),
      peers.length === 0
        ? '–'
        : `${middle(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      middle(ours.map(({ loadSeconds }) => loadSeconds)).toFixed(1),
    ];
  });
  return {
    title: 'Federated learning: what a client trains in a round, batches of 10',
    columns: ['work', 'parameters', 'biolens (CPU s)', 'PyTorch (CPU s)', 'ratio', 'opened in (s)'],
    rows,
    notes: [
      `CPU seconds of one process, one thread of computing each, with which PyTorch takes the least; medians (least–most) of ${TURNS} turns taken alternately.`,
      'Every example is made ready by each side’s own loader: ours turns bytes into numbers for each batch, PyTorch has them as numbers before its clock starts.',
      python === undefined
        ? `No PyTorch: name a Python that has it in ${PEER_VARIABLE}.`
        : `Peer: ${version}, eager, SGD.`,
    ],
  };
}
