import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { templateReportSchema } from '../../src/ground/contracts/index.ts';
import { biolens } from '../cli/biolens.ts';
import { congress, orl } from '../faces/data.ts';

test.skipIf(orl.missing || congress.missing)(
  'ORL protected by BioHash, centred on Congress, ten keys: what a stolen key costs, and nothing to link (needs ../shared/data/orl and congress)',
  async () => {
    const runs = await mkdtemp(join(tmpdir(), 'biolens-orl-'));
    const { code, out } = await biolens(
      ...['template', 'evaluate', orl.folder, '--scheme', 'biohash', '--centre', congress.folder, '--keys', '10'],
      // What attacks reach is proved elsewhere.
      ...['--targets', '2', '--budget', '50', '--json', '--runs-dir', runs],
    );
    expect(code).toBe(0);
    const { biohash } = templateReportSchema.parse(JSON.parse(out)).schemes;
    const { unprotected, stolenKey, secretKey, keyOnly, unlinkability } = biohash!;
    expect(unprotected.eer.value).toBeCloseTo(0.0141, 3);
    expect(stolenKey.eer.value! - unprotected.eer.value!).toBeLessThanOrEqual(0.006);
    expect(stolenKey.eer.interval!.high - stolenKey.eer.interval!.low).toBeGreaterThan(0.005);
    expect(secretKey.eer.value!).toBeLessThanOrEqual(unprotected.eer.value!);
    // A stranger with the right key: what the key does by itself.
    expect(keyOnly.eer.value).toEqual(expect.any(Number));
    expect(unlinkability.dSys).toBeLessThanOrEqual(unlinkability.null95);
  },
);
