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

const CASES = [
  { neighbours: CLIENTS - 1, dropped: 0 },
  { neighbours: CLIENTS - 1, dropped: 10 },
  { neighbours: 20, dropped: 10 },
  { neighbours: 20, dropped: 30 },
] as const;

function run(command: string, script: string, { neighbours, dropped }: (typeof CASES)[number]): Measured {
  const args = [join(import.meta.dirname, script), ...[CLIENTS, ENTRIES, neighbours, dropped].map(String)];
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return measured.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
}

const ratio = (peer: number | undefined, ours: number): string =>
  peer === undefined ? '–' : `${(peer / ours).toFixed(1)} ×`;

/** Secure aggregation of 100 clients × 1 M entries of 16 bits, beside Flower's SecAgg+. */
export async function bench(): Promise<BenchResult> {
  const python = process.env[PEER_VARIABLE];
  const rows = CASES.map(one => {
    const ours = run(process.execPath, 'secagg-ours.ts', one);
    const peer = python === undefined ? undefined : run(python, 'secagg-peer.py', one);
    console.error(
      `  ${one.neighbours} neighbours, ${one.dropped} lost: client ${ours.client.toFixed(2)} s, server ${ours.server.toFixed(2)} s`,
    );
    return [
      `${one.neighbours} neighbours, ${one.dropped} lost`,
      ours.client.toFixed(2),
      peer?.client.toFixed(2) ?? '–',
      ratio(peer?.client, ours.client),
      ours.server.toFixed(2),
      peer?.server.toFixed(1) ?? '–',
      ratio(peer?.server, ours.server),
      (ours.upload / 1e6).toFixed(2),
      peer === undefined ? '–' : (peer.upload / 1e6).toFixed(2),
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
        : 'Flower’s by its library’s functions: a whole client, and of the server each kind of work timed three times and multiplied by how often it is done.',
      'CPU seconds of user and system together. With 20 neighbours some client may be left with too few of them in about one round of hundreds; `planCohort` would take more.',
    ],
  };
}
