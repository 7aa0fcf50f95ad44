import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openStream, randomKey } from '../../src/ground/math/index.ts';

const SIDE = 28;

/** A folder in the format of MNIST: a bright bar at the height of the label, with noise. Learned in a few steps. */
export function makeDigits({ training = 240, test = 100 } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-digits-'));
  const stream = openStream(randomKey(2));
  const write = (name: string, n: number) => {
    const images = Buffer.alloc(16 + n * SIDE * SIDE);
    const labels = Buffer.alloc(8 + n);
    for (const [i, value] of [0x803, n, SIDE, SIDE].entries()) images.writeUInt32BE(value, 4 * i);
    for (const [i, value] of [0x801, n].entries()) labels.writeUInt32BE(value, 4 * i);
    for (let i = 0; i < n; i++) {
      const label = i % 10;
      labels[8 + i] = label;
      for (let y = 0; y < SIDE; y++)
        for (let x = 0; x < SIDE; x++) {
          const bar = Math.floor((y * 10) / SIDE) === label ? 150 : 0;
          images[16 + (i * SIDE + y) * SIDE + x] = bar + stream.integer(100);
        }
    }
    writeFileSync(join(folder, `${name}-images-idx3-ubyte.gz`), gzipSync(images));
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), labels);
  };
  write('train', training);
  write('t10k', test);
  return folder;
}
