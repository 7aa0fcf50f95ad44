import { expect } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { STEPS } from '../../src/jobs/federated/secure/frames.ts';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { type Lost, runSecureRound } from '../../src/jobs/federated/secure/round.ts';
import { makeCohort, survivorsOf, vectorOf } from './cohort.ts';

/** Losses of 0-40 % at each boundary; what comes out is the exact sum of the survivors or an abort. */
export async function tryLosses(
  trials: number,
  { seed, most }: { readonly seed: number; readonly most: number },
): Promise<{ readonly summed: number; readonly aborted: number }> {
  const stream = openStream(randomKey(seed));
  let [summed, aborted] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const n = 5 + stream.integer(most - 4);
    const rate = 0.4 * stream.uniform();
    // Either at each boundary, or so much in all.
    const spread = stream.bool() ? 1 : STEPS.length;
    const sparse = stream.bool();
    const neighbours = sparse ? Math.max(2, Math.floor(0.7 * (n - 1))) : n - 1;
    const [entries, bits] = [1 + stream.integer(40), 5 + stream.integer(28)];
    const lost = Array.from({ length: n }, (): Lost => STEPS.find(() => stream.bool(rate / spread)) ?? null);
    const cohort = makeCohort(n, { entries, bits, plan: { dropout: 0.45, corrupt: 0, neighbours } });
    const vectors = (client: number) => vectorOf(client, entries).map(value => value % 2 ** bits);
    const { roster, secrets, record } = cohort;
    const clients = secrets.map((secret, client) => ({
      client,
      secret,
      vector: () => vectors(client),
      lost: lost[client] ?? null,
    }));
    // A sparse graph of few clients promises little about the smallest sum; what is tried here is the arithmetic.
    const policy = { leastClients: 3, leastSum: 1 };
    try {
      const result = await runSecureRound({ roster, record, clients, primitives, policy });
      const expected = new Uint32Array(entries);
      for (const client of result.clients)
        vectors(client).forEach((value, i) => {
          expected[i] = (expected[i]! + value) % 2 ** bits;
        });
      expect(result.sum, `trial ${trial}`).toEqual(expected);
      expect(survivorsOf(n, lost), `trial ${trial}`).toEqual(expect.arrayContaining([...result.clients]));
      summed++;
    } catch (error) {
      if (!(error instanceof BiolensError)) throw error;
      expect(error.message, `trial ${trial}`).toMatch(/round 1 is aborted/);
      aborted++;
    }
  }
  return { summed, aborted };
}
