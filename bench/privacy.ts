import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { BenchResult } from './bench-result.ts';

const NOISE = 1;
const RATE = 0.01;
const STEPS = 10_000;
const DELTA = 1e-5;
const TURNS = 5;
const PROCESSES = 3;
/** Python with dp-accounting. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';

const measured = z.object({ seconds: z.array(z.number()).min(1), epsilon: z.number() });
const foundSchema = z.object({ rdp: measured, pld: measured, version: z.string().optional() });
type Found = z.infer<typeof foundSchema>;

function run(command: string, script: string): Found {
  const args = [join(import.meta.dirname, script), ...[NOISE, RATE, STEPS, DELTA, TURNS].map(String)];
  return foundSchema.parse(
    JSON.parse(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** What 10,000 steps of DP-SGD cost, by both accountants, beside dp-accounting: CPU seconds, turn by turn. */
export async function bench(): Promise<BenchResult> {
  const python = process.env[PEER_VARIABLE];
  const rounds = Array.from({ length: PROCESSES }, () => ({
    ours: run(process.execPath, 'privacy-ours.ts'),
    peer: python === undefined ? undefined : run(python, 'privacy-peer.py'),
  }));
  const seconds = (found: readonly Found[], name: 'rdp' | 'pld') => found.flatMap(one => one[name].seconds);
  const peers = rounds.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
  const rows = (['rdp', 'pld'] as const).map(name => {
    const ours = rounds.map(round => round.ours);
    const own = median(seconds(ours, name));
    const others = peers.length === 0 ? null : median(seconds(peers, name));
    return [
      { rdp: 'Rényi, 156 orders', pld: 'loss distribution, both directions' }[name],
      own.toFixed(3),
      Math.max(...ours.map(one => one[name].seconds[0]!)).toFixed(3),
      others?.toFixed(3) ?? '–',
      others === null ? '–' : (others / own).toFixed(1),
      ours[0]![name].epsilon.toFixed(4),
      peers[0]?.[name].epsilon.toFixed(4) ?? '–',
    ];
  });
  return {
    title: `Accounting for ${STEPS.toLocaleString('en')} steps (noise ${NOISE}, rate ${RATE}, δ ${DELTA})`,
    columns: ['accountant', 'ours (CPU s)', 'ours, first call', 'dp-accounting (CPU s)', 'ratio', 'our ε', 'its ε'],
    rows,
    notes: [
      `medians of ${PROCESSES} processes of ${TURNS} turns each, taken alternately; processor time, so that other work on the machine counts little`,
      python === undefined
        ? `No peer: name a Python that has dp-accounting in ${PEER_VARIABLE}.`
        : `Peer: dp-accounting ${peers[0]?.version ?? ''}, its defaults.`,
      'Bars: ≤ 0.2 s and ≤ 2 s.',
    ],
  };
}
