import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditMedicalReport } from '../../../ground/contracts/index.ts';
import { writeAtomically } from '../../../ground/disk.ts';
import { encodeGreyPng } from '../../../kit/images/index.ts';
import type { Item, SlicePicture } from '../read/collect-items.ts';

/** Pairs that the page shows. */
const MOST_PAIRS = 12;

/** Writes the middle slices of the pairs that matter most, those called first, into a run's folder. */
export async function showSlices(
  run: string,
  pairs: readonly { readonly generated: Item; readonly training: Item; readonly copy: boolean }[],
): Promise<AuditMedicalReport['shown']> {
  const wanted = [...pairs.filter(({ copy }) => copy), ...pairs.filter(({ copy }) => !copy)].slice(0, MOST_PAIRS);
  await mkdir(join(run, 'artifacts', 'slices'), { recursive: true, mode: 0o700 });
  const write = async (file: string, pictures: readonly SlicePicture[]): Promise<string | null> => {
    const picture = pictures[pictures.length >> 1];
    if (picture === undefined) return null;
    const { width, height, light } = picture;
    await writeAtomically(join(run, file), await encodeGreyPng({ width, height, data: light }), { mode: 0o600 });
    return file;
  };
  const shown: AuditMedicalReport['shown'][number][] = [];
  for (const [i, { generated, training }] of wanted.entries()) {
    const files = {
      generated: await write(`artifacts/slices/${i}-generated.png`, generated.pictures),
      training: await write(`artifacts/slices/${i}-training.png`, training.pictures),
    };
    if (files.generated === null || files.training === null) continue;
    shown.push({
      generated: generated.name,
      training: training.name,
      images: { generated: files.generated, training: files.training },
    });
  }
  return shown;
}
