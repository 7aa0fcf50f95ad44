import { expect, test } from 'vitest';
import { row } from '../../../../src/ground/math/index.ts';
import {
  AdditiveGallery,
  AdditiveHolder,
  DEGREE,
  ephemeralLedger,
  planAdditive,
} from '../../../../src/jobs/templates/encrypted/additive/index.ts';
import { openKernel } from '../../../../src/jobs/templates/encrypted/additive/node.ts';
import { planMatching, quantise, quantiseRows } from '../../../../src/jobs/templates/encrypted/index.ts';
import { clearScores, randomRows } from '../matching.ts';

test.each([64, 128, 512, 1024])(
  '10,000 pairs of %i dimensions are exact under the additive scheme',
  async dimension => {
    const keys = { master: new Uint8Array(32).fill(3), seed: new Uint8Array(32).fill(4) };
    const holder = await AdditiveHolder.open(planAdditive({ dimension }), keys, ephemeralLedger());
    const [gallery, probes] = [randomRows(2000, dimension, 11), randomRows(5, dimension, 12)];
    const server = new AdditiveGallery(holder.plan, await openKernel(dimension * DEGREE, { scratchBytes: 1e6 }));
    for (const one of await holder.encrypt(quantiseRows(gallery, 250, 'gallery'))) server.put(one);
    const sums = server.match(quantiseRows(probes, 250, 'probes'));
    const clear = planMatching({ mode: 'encrypted-gallery', dimension });
    for (let k = 0; k < 5; k++) {
      const prepared = holder.prepare(quantise(row(probes, k), 250, { field: 'probe', dimension }));
      const scores = await holder.decrypt(prepared, 0, sums[k]!);
      expect(scores.subarray(0, 2000)).toEqual(clearScores(clear, gallery, row(probes, k)));
    }
  },
);
