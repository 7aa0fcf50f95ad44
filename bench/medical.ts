import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makePhantom, scanPhantom, UNCHANGED } from '../test/audit-medical/phantom.ts';
import { niftiOf } from '../test/audit-medical/write-nifti.ts';
import type { BenchResult } from './bench-result.ts';

const VOLUMES = 200;
const SIDE = 64;

interface Read {
  /** Of the processor, in seconds. */
  readonly cpu: number;
  readonly wall: number;
  readonly peakMegabytes: number;
  /** Files that were read, of how many. */
  readonly done: number;
  readonly files: number;
}

function run<T>(script: string, ...args: string[]): T {
  const said = execFileSync(process.execPath, [resolve(import.meta.dirname, script), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The peer says there what it cannot read, before the last line.
  return JSON.parse(said.trimEnd().split('\n').at(-1)!) as T;
}

/** Reading DICOM files beside ITK compiled to WebAssembly, and volumes against volumes. */
export async function bench(): Promise<BenchResult> {
  const itk = process.env.BIOLENS_ITK;
  if (itk === undefined)
    throw new Error('BIOLENS_ITK expected the folder in which "npm install @itk-wasm/image-io@1.6.1" was done');
  const folder = mkdtempSync(join(tmpdir(), 'biolens-medical-bench-'));
  try {
    for (const [set, first] of [
      ['training', 0],
      ['generated', 1000],
    ] as const) {
      mkdirSync(join(folder, set));
      for (let i = 0; i < VOLUMES; i++) {
        const values = scanPhantom(makePhantom(first + i), SIDE, UNCHANGED);
        writeFileSync(join(folder, set, `${i}.nii`), niftiOf([SIDE, SIDE, SIDE], values));
      }
    }
    const [ours, theirs] = [run<Read>('medical-read.ts', 'ours'), run<Read>('medical-read.ts', itk)];
    const audit = run<Pick<Read, 'cpu' | 'wall' | 'peakMegabytes'>>('medical-ours.ts', folder);
    const seconds = (value: number): string => value.toFixed(1);
    return {
      title: 'Medical images',
      columns: ['work', 'ours', 'peer', 'ratio'],
      rows: [
        [
          `reading the ${ours.files} DICOM files of pydicom (s of the processor)`,
          ours.cpu.toFixed(2),
          seconds(theirs.cpu),
          (ours.cpu / theirs.cpu).toFixed(3),
        ],
        ['the same (s by the clock)', ours.wall.toFixed(2), seconds(theirs.wall), (ours.wall / theirs.wall).toFixed(3)],
        ['files that were read', ours.done, theirs.done, '–'],
        [
          `${VOLUMES} volumes of ${SIDE}³ against ${VOLUMES}, the training volumes against each other too (s by the clock)`,
          seconds(audit.wall),
          '–',
          '–',
        ],
        ['the same (s of the processor)', seconds(audit.cpu), '–', '–'],
        ['the same, memory (MB)', audit.peakMegabytes.toFixed(0), '–', '–'],
      ],
      notes: [
        'Peer: `readImageNode` of @itk-wasm/image-io 1.6.1. Each reads all files one after the other in a process of its own; what is refused counts as time too. What ours reads equals pydicom (`test/audit-medical/read-dicom.test.ts`); what the peer reads was not compared.',
        'The volumes are drawn phantoms in NIfTI that share a build; the time is that of the whole audit.',
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
