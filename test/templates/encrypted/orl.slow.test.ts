import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { MODES, planMatching, type Setting } from '../../../src/jobs/templates/encrypted/index.ts';
import { readLabelledSet } from '../../../src/jobs/templates/encrypted/node.ts';
import { toUnit } from '../../../src/jobs/templates/encrypted/quantise.ts';
import { clearScores, openBoth } from './matching.ts';

const ORL = resolve('../shared/data/orl');

/** Where the shares of wrongly accepted and wrongly refused pairs meet. */
function equalErrorRate(genuine: readonly number[], impostor: readonly number[]): number {
  const [g, s] = [Float64Array.from(genuine).sort(), Float64Array.from(impostor).sort()];
  let best = 1;
  let above = 0;
  for (let i = 0; i < g.length; i++) {
    while (above < s.length && s[above]! < g[i]!) above++;
    best = Math.min(best, Math.max(i / g.length, 1 - above / s.length));
  }
  return best;
}

test.skipIf(!existsSync(ORL))(
  'ORL, matched under encryption, decides as in the clear (skipped: no ../shared/data/orl)',
  async () => {
    const set = await readLabelledSet(ORL, { embedder: 'built-in' });
    const n = set.matrix.rows;
    const dimension = set.matrix.cols;
    const unit = Array.from({ length: n }, (_, i) => toUnit(row(set.matrix, i), { field: 'orl', dimension }));
    const plan = planMatching({ mode: 'encrypted-gallery', dimension });
    const [clear, whole]: { genuine: number[]; impostor: number[] }[] = [0, 1].map(() => ({
      genuine: [],
      impostor: [],
    }));
    for (let i = 0; i < n; i++) {
      const scores = clearScores(plan, set.matrix, row(set.matrix, i));
      for (let k = 0; k < i; k++) {
        const kind = set.identities[i] === set.identities[k] ? 'genuine' : 'impostor';
        clear![kind].push(unit[i]!.reduce((sum, value, j) => sum + value * unit[k]![j]!, 0));
        whole![kind].push(scores[k]!);
      }
    }
    const before = equalErrorRate(clear!.genuine, clear!.impostor);
    const after = equalErrorRate(whole!.genuine, whole!.impostor);
    expect(before).toBeGreaterThan(0.005);
    expect(Math.abs(after - before)).toBeLessThan(0.001);

    // Every pair: the decision under encryption is that of the whole numbers in the clear; CKKS is left pairs within its error.
    const settings: Setting[] = [...MODES.map(mode => ({ mode, dimension }))];
    const threshold = [...clear!.impostor].sort((a, b) => b - a)[Math.floor(clear!.impostor.length / 1000)]!;
    for (const setting of settings) {
      const own = planMatching(setting);
      await using both = await openBoth(own, set.matrix, { workers: 2 });
      for (let i = 0; i < n; i++) {
        const expected = clearScores(own, set.matrix, row(set.matrix, i));
        const result = await both.server.match(await both.client.probe(row(set.matrix, i)));
        const found = await both.client.scores(result);
        expect(found).toEqual(expected);
        const accepted = [...found].map(score => score >= threshold * own.scale ** 2);
        expect(accepted).toEqual([...expected].map(score => score >= threshold * own.scale ** 2));
      }
    }
    const ckks = planMatching({ mode: 'both-encrypted', scheme: 'ckks', dimension });
    await using both = await openBoth(ckks, set.matrix, { workers: 2 });
    for (let i = 0; i < n; i++) {
      const cosines = unit.map(values => values.reduce((sum, value, j) => sum + value * unit[i]![j]!, 0));
      const result = await both.server.match(await both.client.probe(row(set.matrix, i)));
      const matches = await both.client.decide(result, { threshold, identities: set.items, top: n });
      const accepted = new Map(matches.map(match => [match.identity, match.accepted]));
      set.items.forEach((item, k) => {
        if (Math.abs(cosines[k]! - threshold) > ckks.proof.error)
          expect(accepted.get(item)).toBe(cosines[k]! >= threshold);
      });
      expect(matches[0]!.identity).toBe(set.items[i]);
    }
  },
);
