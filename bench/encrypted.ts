import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { openStream, randomKey } from '../src/ground/math/index.ts';
import {
  AdditiveGallery,
  AdditiveHolder,
  DEGREE,
  ephemeralLedger,
  planAdditive,
} from '../src/jobs/templates/encrypted/additive/index.ts';
import { openKernel } from '../src/jobs/templates/encrypted/additive/node.ts';
import { planMatching, quantiseRows, type Setting } from '../src/jobs/templates/encrypted/index.ts';
import { ClientEngine } from '../src/jobs/templates/encrypted/seal/client-engine.ts';
import { loadSeal, openContext } from '../src/jobs/templates/encrypted/seal/context.ts';
import { ServerEngine } from '../src/jobs/templates/encrypted/seal/server-engine.ts';
import type { BenchResult } from './bench-result.ts';

const TURNS = 5;
const DIMENSIONS = [128, 512];
/** Python with tenseal and openfhe. */
const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';
const ADDITIVE_BLOCKS = 32;

const measured = z.object({ secondsPerTemplate: z.number(), version: z.string() });
type Peer = 'tenseal' | 'openfhe';

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Least processor seconds a template of several turns. */
async function least(templates: number, work: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < TURNS; turn++) {
    const before = processorSeconds();
    await work();
    best = Math.min(best, processorSeconds() - before);
  }
  return best / templates;
}

function rows(count: number, cols: number, seed: number) {
  return { rows: count, cols, data: openStream(randomKey(seed)).fillNormal(new Float32Array(count * cols)) };
}

async function additive(
  dimension: number,
): Promise<{ readonly server: number; readonly whole: number; readonly clear: number }> {
  const plan = planAdditive({ dimension });
  const keys = { master: new Uint8Array(32).fill(1), seed: new Uint8Array(32).fill(2) };
  const holder = await AdditiveHolder.open(plan, keys, ephemeralLedger());
  const kernel = await openKernel(ADDITIVE_BLOCKS * dimension * DEGREE, {
    scratchBytes: ADDITIVE_BLOCKS * DEGREE * 4 + 8192,
  });
  const server = new AdditiveGallery(plan, kernel);
  const templates = quantiseRows(rows(DEGREE, dimension, 1), plan.scale, 'gallery');
  // One block is encrypted, and stands for the others: the time does not depend on the words.
  for (const one of await holder.encrypt(templates)) server.put(one);
  const block = kernel.words.slice(0, dimension * DEGREE);
  for (let b = 1; b < ADDITIVE_BLOCKS; b++) kernel.words.set(block, b * block.length);
  const probe = quantiseRows(rows(1, dimension, 2), plan.scale, 'probe');
  const n = ADDITIVE_BLOCKS * DEGREE;
  for (let b = 0; b < ADDITIVE_BLOCKS; b++) await holder.decrypt(holder.prepare(probe), b, new Int32Array(DEGREE));
  const whole = await least(n, async () => {
    const [sums] = server.match(probe);
    const prepared = holder.prepare(probe);
    for (let b = 0; b < ADDITIVE_BLOCKS; b++)
      await holder.decrypt(prepared, b, sums!.subarray(b * DEGREE, (b + 1) * DEGREE));
  });
  const encrypted = await least(n, () => server.match(probe));
  // The same words as a gallery in the clear would have.
  for (let i = 0; i < kernel.words.length; i++) kernel.words[i] = (i % 101) - 50;
  return { server: encrypted, whole, clear: await least(n, () => server.match(probe)) };
}

async function seal(setting: Setting): Promise<number> {
  const plan = planMatching(setting);
  const module = await loadSeal();
  const client = new ClientEngine(openContext(module, plan.parameters), plan);
  const server = new ServerEngine(openContext(module, plan.parameters), plan);
  const keys = client.evaluationKeys();
  if (keys.length > 0) server.loadKeys(keys);
  const whole = quantiseRows(rows(plan.blockSize, plan.dimension, 1), 250, 'gallery');
  const ckks = plan.parameters.scheme === 'ckks';
  server.loadBlock(0, client.encryptBlock(ckks ? Float64Array.from(whole, value => value / 250) : whole));
  const probe = whole.slice(0, plan.dimension);
  const given = ckks ? client.encryptProbe(Float64Array.from(probe, value => value / 250)) : probe;
  return least(plan.blockSize, () => server.match([0], given));
}

/** Peers that answered. */
const versions = new Set<string>();

function askPeer(peer: Peer, mode: 'clear' | 'both', dimension: number): number | null {
  const python = process.env[PEER_VARIABLE];
  if (python === undefined) return null;
  try {
    const script = join(import.meta.dirname, 'encrypted-peer.py');
    const out = execFileSync(python, [script, peer, mode, `${dimension}`, `${TURNS}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { secondsPerTemplate, version } = measured.parse(JSON.parse(out.trim().split('\n').at(-1) ?? ''));
    versions.add(`${peer} ${version}`);
    return secondsPerTemplate;
  } catch (error) {
    console.error(`  ${peer}: ${error instanceof Error ? error.message.split('\n').at(-2) : error}`);
    return null;
  }
}

/** Matching under encryption beside TenSEAL and OpenFHE, one thread each, in processor seconds. */
export async function bench(): Promise<BenchResult> {
  const result: (string | number)[][] = [];
  const times = (peer: number | null, own: number): string => (peer === null ? '–' : (peer / own).toFixed(1));
  const rate = (seconds: number): string => `${Math.round(1 / seconds / 1000)} k`;
  for (const dimension of DIMENSIONS) {
    const clear = { tenseal: askPeer('tenseal', 'clear', dimension), openfhe: askPeer('openfhe', 'clear', dimension) };
    const both = { tenseal: askPeer('tenseal', 'both', dimension), openfhe: askPeer('openfhe', 'both', dimension) };
    const kernel = await additive(dimension);
    const one = await seal({ mode: 'encrypted-gallery', dimension });
    const two = await seal({ mode: 'both-encrypted', scheme: 'ckks', dimension });
    const row = (name: string, own: number, peers: typeof clear, against: string) =>
      result.push([
        `${name}, ${dimension}-d`,
        rate(own),
        times(peers.tenseal, own),
        times(peers.openfhe, own),
        against,
      ]);
    row('additive, server part', kernel.server, clear, (kernel.server / kernel.clear).toFixed(2));
    row('additive, with decryption', kernel.whole, clear, (kernel.whole / kernel.clear).toFixed(2));
    row('node-seal, clear probe', one, clear, '');
    row('node-seal, both encrypted (CKKS)', two, both, '');
    console.error(`  ${dimension}-d done`);
  }
  return {
    title: 'Matching under encryption: one probe with many templates',
    columns: ['what', 'templates a processor second', '× TenSEAL', '× OpenFHE', 'time / clear product'],
    rows: result,
    notes: [
      `One thread each, processor seconds, least of ${TURNS} turns; the additive scheme with ${ADDITIVE_BLOCKS * DEGREE} templates, the others with a block.`,
      'Peers are dimension-packed CKKS of ring 8192 with 40-bit scales; with both encrypted, OpenFHE relinearises once a block and TenSEAL at every product.',
      versions.size === 0
        ? `No peers: name a Python that has tenseal and openfhe in ${PEER_VARIABLE}.`
        : `Peers: ${[...versions].join(', ')}; one that is not installed is a dash.`,
    ],
  };
}
