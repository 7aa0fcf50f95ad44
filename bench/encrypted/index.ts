import { loadavg } from 'node:os';
import type { BenchResult } from '../bench-result.ts';
import { additiveMillion, additiveOneThread, additiveSpeedUp } from './additive.ts';
import { askPeer, PEER_VARIABLE, versions } from './peers.ts';
import { sealOneThread, sealWorkers } from './seal.ts';
import { machineSpeedUp } from './timing.ts';

const TURNS = 5;
const DIMENSIONS = [128, 512];

const times = (peer: number | null, own: number): string => (peer === null ? '–' : (peer / own).toFixed(1));
const rate = (seconds: number): string => `${(1 / seconds / 1000).toPrecision(3)} k/s`;
const ms = (seconds: number): string => `${(1000 * seconds).toFixed(seconds < 0.001 ? 3 : 1)} ms`;
const ratio = (value: number): string => `${value.toFixed(2)} ×`;

async function ofDimension(dimension: number): Promise<(string | number)[][]> {
  const rows: (string | number)[][] = [];
  const settings = { dimension, turns: TURNS };
  const clear = { tenseal: askPeer('tenseal', 'clear', settings), openfhe: askPeer('openfhe', 'clear', settings) };
  const both = { tenseal: askPeer('tenseal', 'both', settings), openfhe: askPeer('openfhe', 'both', settings) };
  const row = (name: string, measured: string, bar: string, own?: number, peers: typeof clear = clear): void => {
    const beside = own === undefined ? ['', ''] : [times(peers.tenseal, own), times(peers.openfhe, own)];
    rows.push([`${name}, ${dimension}-d`, measured, ...beside, bar]);
  };
  const kernel = await additiveOneThread(dimension);
  row('additive, server part', rate(kernel.server), '≥ 100 × TenSEAL, ≥ 30 × OpenFHE', kernel.server);
  row('additive, server part / clear product', ratio(kernel.server / kernel.clear), '≤ 1.1 ×');
  const most = dimension === 512 ? '1.6' : '4';
  row('additive, with decryption / clear product', ratio(kernel.whole / kernel.clear), `≤ ${most} ×`);
  row('additive, enrolment of a template', ms(kernel.enrolment), '≤ 0.2 ms');
  row('additive, two workers / one', ratio(await additiveSpeedUp(dimension)), '≥ 1.7 ×');
  console.error(`  additive, ${dimension}-d done`);
  const one = await sealOneThread({ mode: 'encrypted-gallery', dimension }, TURNS);
  row('node-seal, clear probe', rate(one), '≥ 8 × TenSEAL, ≥ 2 × OpenFHE', one);
  const workers = await sealWorkers({ mode: 'encrypted-gallery', dimension }, { blocks: 16, turns: 4 * TURNS });
  row('node-seal, clear probe, two workers / one', ratio(workers.one / workers.two), '≥ 1.7 ×');
  console.error(`  node-seal with a clear probe, ${dimension}-d done`);
  const ckks = { mode: 'both-encrypted', scheme: 'ckks', dimension } as const;
  const two = await sealOneThread(ckks, TURNS);
  row('node-seal, both encrypted (CKKS)', rate(two), '≥ 0.5 × OpenFHE', two, both);
  const pair = await sealWorkers(ckks, { blocks: 4, turns: 3 });
  row('node-seal, both encrypted, two workers, wall clock', rate(pair.two), '≥ 4 × TenSEAL', pair.two, {
    ...both,
    openfhe: null,
  });
  const match = await sealOneThread({ ...ckks, packing: 'rotations' }, 20);
  const dot = { tenseal: askPeer('tenseal', 'pair', { dimension, turns: 20 }), openfhe: null };
  row('node-seal, both encrypted, 1:1', ms(match), '≥ 0.83 × TenSEAL', match, dot);
  console.error(`  node-seal with both encrypted, ${dimension}-d done`);
  const million = additiveMillion(dimension);
  const seconds = dimension === 512 ? 500 : 250;
  row('a million, searched and decrypted, two workers, wall clock', ms(million.whole), `≤ ${seconds} ms`);
  row('a million, memory / (4·d·n)', ratio(million.memory), '≤ 1.1 ×');
  console.error(`  a million, ${dimension}-d done`);
  return rows;
}

/** Matching under encryption beside TenSEAL and OpenFHE. */
export async function bench(): Promise<BenchResult> {
  const load = loadavg()[0]!;
  const rows: (string | number)[][] = [];
  const most = await machineSpeedUp();
  for (const dimension of DIMENSIONS) rows.push(...(await ofDimension(dimension)));
  rows.push(['plain arithmetic, two threads / one', ratio(most), '', '', '2 × on two free cores']);
  return {
    title: 'Matching under encryption: one probe with many templates',
    columns: ['what', 'measured', '× TenSEAL', '× OpenFHE', 'bar'],
    rows,
    notes: [
      'One thread each and processor seconds, where nothing else is said; least of several turns. What is compared with the clear product, or with one worker, takes turns with it.',
      'The additive scheme has 65,536 templates, with one worker and two 128 MiB and 8 probes a pass; node-seal has a block, with two workers 16 blocks with a clear probe and 4 with both encrypted, envelopes included and the probe loaded by each worker.',
      'Peers are dimension-packed CKKS of ring 8192 with 40-bit scales; with both encrypted, OpenFHE relinearises once a block and TenSEAL at every product; 1:1 is TenSEAL’s dot product of two ciphertexts.',
      versions.size === 0
        ? `No peers: name Pythons that have tenseal and openfhe in ${PEER_VARIABLE}, separated by colons.`
        : `Peers: ${[...versions].join(', ')}; a dash is one that is not installed or not compared.`,
      `Load average when it began: ${load.toFixed(1)}; a ratio of two workers to one needs two free cores, and memory that nobody else uses; the last row says how much two threads of arithmetic got.`,
    ],
  };
}
