import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verificationReportSchema } from '../../src/ground/contracts/index.ts';
import { biolens } from '../cli/biolens.ts';
import { congress, orl } from '../faces/data.ts';

test.skipIf(orl.missing || congress.missing)(
  'ORL with the built-in embedder, raw and centred on Congress, is as NumPy has it (needs ../shared/data/orl and congress)',
  async () => {
    const runs = await mkdtemp(join(tmpdir(), 'biolens-orl-'));
    const verify = async (...args: string[]) => {
      const { code, out } = await biolens('faces', 'verify', orl.folder, ...args, '--json', '--runs-dir', runs);
      expect(code).toBe(0);
      return verificationReportSchema.parse(JSON.parse(out));
    };
    const raw = await verify();
    expect(raw).toMatchObject({ pairs: { genuine: 1773, impostor: 76_833 }, failures: 3, people: 40 });
    // NumPy on the same embeddings: 1.54 % raw, 1.41 % centred; 94.5 % and 94.3 % at a false match rate of 0.001.
    expect(raw.eer.value).toBeCloseTo(0.0154, 3);
    expect(raw.tmr['0.001']?.value).toBeGreaterThanOrEqual(0.94);
    expect(raw.identification?.ranks['1']?.value).toBeGreaterThanOrEqual(0.995);
    expect(raw.eer.interval?.low).toBeLessThan(0.01);
    expect(raw.eer.interval?.high).toBeGreaterThan(0.02);
    const centred = await verify('--centre', congress.folder);
    expect(centred.eer.value).toBeCloseTo(0.0141, 3);
    expect(centred.tmr['0.001']?.value).toBeGreaterThanOrEqual(0.94);
    expect(centred.centring?.eerWithout.value).toBeCloseTo(raw.eer.value!, 9);
  },
);
