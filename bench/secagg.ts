import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { BenchResult } from './bench-result.ts';

const CLIENTS = 100;
const ENTRIES = 1_000_000;
/** Python with flwr. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';

const measured = z.object({ client: z.number(), server: z.number(), upload: z.number(), version: z.string() });
type Measured = z.infer<typeof measured>;

/** The complete graph takes minutes a turn. */
const CASES = [
  { neighbours: CLIENTS - 1, dropped: 0, turns: 1 },
  { neighbours: CLIENTS - 1, dropped: 10, turns: 1 },
  { neighbours: 20, dropped: 10, turns: 3 },
  { neighbours: 20, dropped: 30, turns: 3 },
] as const;

function run(command: string, script: string, { neighbours, dropped }: (typeof CASES)[number]): Measured {
  const args = [join(import.meta.dirname, script), ...[CLIENTS, ENTRIES, neighbours, dropped].map(String)];
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return measured.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
}

/** With so few neighbours a round may fail; such a one is played again. */
function runOurs(one: (typeof CASES)[number], tries = 10): Measured {
  try {
    return run(process.execPath, 'secagg-ours.ts', one);
  } catch (error) {
    if (tries === 1) throw error;
    console.error('  a round failed and is played again');
    return runOurs(one, tries - 1);
  }
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The median of the turns' ratios, with the least and the most. */
function ratio(ours: readonly number[], peers: readonly number[]): string {
  if (peers.length === 0) return '–';
  const all = ours.map((own, i) => peers[i]! / own);
  const shown = (value: number): string => (value < 20 ? value.toFixed(1) : value.toFixed(0));
  const span = all.length === 1 ? '' : ` (${shown(Math.min(...all))}–${shown(Math.max(...all))})`;
  return `${shown(middle(all))}${span}`;
}

/** Secure aggregation of 100 clients × 1 M entries of 16 bits, beside Flower's SecAgg+. */
export async function bench(): Promise<BenchResult> {
  const python = process.env[PEER_VARIABLE];
  let version = '';
  const rows = CASES.map(one => {
    const turns = Array.from({ length: one.turns }, () => ({
      ours: runOurs(one),
      peer: python === undefined ? null : run(python, 'secagg-peer.py', one),
    }));
    const ours = (key: 'client' | 'server' | 'upload') => turns.map(turn => turn.ours[key]);
    const peers = (key: 'client' | 'server' | 'upload') =>
      turns.flatMap(({ peer }) => (peer === null ? [] : [peer[key]]));
    version = turns[0]!.peer?.version ?? '';
    const shown = (values: readonly number[], digits: number): string =>
      values.length === 0 ? '–' : middle(values).toFixed(digits);
    const name = `${one.neighbours} neighbours, ${one.dropped} lost`;
    console.error(`  ${name}: client ${ours('client').join(' ')} s, server ${ours('server').join(' ')} s`);
    return [
      name,
      shown(ours('client'), 3),
      shown(peers('client'), 3),
      ratio(ours('client'), peers('client')),
      shown(ours('server'), 2),
      shown(peers('server'), 1),
      ratio(ours('server'), peers('server')),
      (ours('upload')[0]! / 1e6).toFixed(2),
      peers('upload').length === 0 ? '–' : (peers('upload')[0]! / 1e6).toFixed(2),
    ];
  });
  return {
    title: `Secure aggregation: ${CLIENTS} clients × ${ENTRIES.toLocaleString('en')} entries of 16 bits`,
    columns: ['CPU seconds', 'client', 'Flower’s', 'ratio', 'server', 'Flower’s', 'ratio', 'MB up', 'Flower’s'],
    rows,
    notes: [
      'Ours: a whole round with every signature and the round of consistency, which Flower’s has not; the median client. Who is lost is so after the shares and before the vector.',
      python === undefined
        ? `No flwr: name a Python that has it in ${PEER_VARIABLE}.`
        : `Peer: ${version}, by its library’s functions: a whole client, and of the server each kind of work timed three times and multiplied by how often it is done.`,
      'CPU seconds of user and system together; with 20 neighbours medians (least–most) of three turns taken alternately.',
      '20 neighbours are Flower’s usual number and stand here for the comparison alone: `planCohort` takes 60 for 100 clients of which a tenth may be lost and a tenth may work with the server, so that no round fails or reveals but with probability 2⁻⁴⁰.',
    ],
  };
}
