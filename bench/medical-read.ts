import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readDicom } from '../src/jobs/audit-medical/index.ts';

// A process of its own for bench/medical.ts: reads the pixels of the DICOM files in pydicom's wheel, by ours or by @itk-wasm/image-io in the folder named.
const [, , which] = process.argv;
const root = resolve(import.meta.dirname, '..');
const names = Object.keys(
  JSON.parse(readFileSync(join(root, 'test/audit-medical/fixtures/pydicom.json'), 'utf8')) as Record<string, unknown>,
);
const files = names.map(name => join(root, '.cache/medical/pydicom', name));

async function openPeer(folder: string): Promise<(file: string) => Promise<unknown>> {
  const path = createRequire(join(folder, 'package.json')).resolve('@itk-wasm/image-io');
  const { readImageNode } = await import(pathToFileURL(path).href);
  return file => readImageNode(file);
}

const read =
  which === 'ours' ? async (file: string) => readDicom(new Uint8Array(readFileSync(file))) : await openPeer(which!);
let done = 0;
const [start, before] = [performance.now(), process.cpuUsage()];
for (const file of files)
  await read(file).then(
    () => done++,
    () => undefined,
  );
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    cpu: (user + system) / 1e6,
    wall: (performance.now() - start) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    done,
    files: files.length,
  }),
);
process.exit(0);
