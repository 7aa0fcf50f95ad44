import { describe, expect, test } from 'vitest';
import { randomKey } from '../../src/ground/math/index.ts';
import { type Judge, type LoopOptions, type LoopResult, runLoop } from '../../src/jobs/mitigation/loop/loop.ts';
import { aimAt } from '../../src/jobs/mitigation/rewards/aim.ts';
import { biasRewards, type Reading } from '../../src/jobs/mitigation/rewards/bias.ts';
import { combineRewards } from '../../src/jobs/mitigation/rewards/combine.ts';
import { replicationDegrees, replicationRewards } from '../../src/jobs/mitigation/rewards/replication.ts';
import { MemoryJournal, ToyGenerator } from './toy.ts';

const DRAWS = 400_000;

async function finish<S, M>(options: LoopOptions<S, M>): Promise<LoopResult<M>> {
  const loop = runLoop(options);
  let step = await loop.next();
  while (!step.done) step = await loop.next();
  return step.value;
}

const common = {
  samples: { count: DRAWS, most: DRAWS },
  block: DRAWS,
  gamma: 0,
  key: randomKey(1),
  now: () => 0,
};

/** Share of kind 1 in the samples. */
const shareOf = (samples: readonly number[]): number =>
  samples.reduce((count, kind) => count + (kind === 1 ? 1 : 0), 0) / samples.length;

/** Rewards toward equal shares of two kinds; the measurement is the share of kind 1. */
function balance(reading: Reading, tolerance = 0): Judge<number, number> {
  return async samples => {
    const share = shareOf(samples);
    const rewards = biasRewards([1 - share, share], [0.5, 0.5], reading);
    return {
      measurement: share,
      rewards: Float32Array.from(samples, kind => rewards[kind]!),
      training: new Float32Array(),
      held: Math.abs(share - 0.5) <= tolerance,
      distance: Math.abs(share - 0.5),
      spoiled: false,
      wants: 0,
    };
  };
}

const COPY = 0.95;
const OTHER = 0.35;

/** Rewards against kind 1, the copies, which resemble a training image by .95; the rest do by .35. */
const againstCopies: Judge<number, number> = async samples => {
  const similarities = Float32Array.from(samples, kind => (kind === 1 ? COPY : OTHER));
  const share = shareOf(samples);
  return {
    measurement: share,
    rewards: replicationRewards(replicationDegrees(similarities, 'cosine')),
    training: Float32Array.of(1),
    held: false,
    distance: share,
    spoiled: false,
    wants: 0,
  };
};

describe('the idealised oracle', () => {
  test('reading A draws .7 toward .5 by two thirds a round', async () => {
    const generator = new ToyGenerator({ shares: [0.3, 0.7], draws: DRAWS });
    const { rounds } = await finish({
      ...common,
      generator,
      judge: balance('A', 1e-7),
      journal: new MemoryJournal<number>(),
      rounds: 5,
    });
    const expected = [0.7, 0.640845, 0.596448, 0.565106, 0.543651, 0.529175];
    expect(rounds.map(({ measurement }) => measurement)).toEqual(expected.map(value => expect.closeTo(value, 5)));
    expect(generator.shares[1]).toBeCloseTo(0.529175, 5);
  });

  test('reading B gets there in one round, and the loop stops', async () => {
    const generator = new ToyGenerator({ shares: [0.3, 0.7], draws: DRAWS });
    const result = await finish({
      ...common,
      generator,
      judge: balance('B', 1e-6),
      journal: new MemoryJournal<number>(),
      rounds: 5,
    });
    expect(result.rounds.map(({ measurement }) => measurement)).toEqual([0.7, expect.closeTo(0.5, 6)]);
    expect(result.stoppedBy).toBe('targets');
    expect(result.chosen).toBe(1);
  });

  test('a network that draws the rare class more rarely than it is shown it rests short of the target, unless what is missed adds up', async () => {
    const finalShare = async (integral: number): Promise<number> => {
      const amplify = (shares: readonly number[]) => {
        const powers = shares.map(share => share ** 1.5);
        const sum = powers.reduce((a, b) => a + b, 0);
        return powers.map(power => power / sum);
      };
      const generator = new ToyGenerator({ shares: [0.1, 0.9], training: [0, 1], draws: DRAWS, fit: amplify });
      const judge: Judge<number, number> = async (samples, { before }) => {
        const share = shareOf(samples);
        const tuned = [...before, share].slice(1).map(one => [1 - one, one]);
        const aim = aimAt([0.8, 0.2], tuned, integral);
        const rewards = biasRewards([1 - share, share], aim, 'B');
        return {
          measurement: share,
          rewards: Float32Array.from(samples, kind => rewards[kind]!),
          training: Float32Array.from(aim, one => 2 * one),
          held: false,
          distance: Math.abs(share - 0.2),
          spoiled: false,
          wants: 0,
        };
      };
      const journal = new MemoryJournal<number>();
      const { rounds } = await finish({ ...common, generator, judge, journal, gamma: 1, rounds: 20 });
      return rounds.at(-1)!.measurement;
    };
    expect(await finalShare(0)).toBeLessThan(0.15);
    expect(await finalShare(1)).toBeCloseTo(0.2, 3);
  });

  test.each([
    { gamma: 0, copies: [0.5, 0.0714, 0.0059] },
    { gamma: 0.1, copies: [0.5, 0.2778, 0.1952] },
  ])('copies fall as γ = $gamma lets them', async ({ gamma, copies }) => {
    const generator = new ToyGenerator({ shares: [0.5, 0.5], training: [1], draws: DRAWS });
    const { rounds } = await finish({
      ...common,
      generator,
      judge: againstCopies,
      journal: new MemoryJournal<number>(),
      gamma,
      rounds: 2,
    });
    expect(rounds.map(({ measurement }) => measurement)).toEqual(copies.map(value => expect.closeTo(value, 4)));
  });

  test('copies settle at .167 for γ = .1, and rise for γ = 1, where the start is kept', async () => {
    const run = (gamma: number, rounds: number) => {
      const draws = 20_000;
      const generator = new ToyGenerator({ shares: [0.5, 0.5], training: [1], draws });
      const journal = new MemoryJournal<number>();
      return finish({
        ...common,
        samples: { count: draws, most: draws },
        generator,
        judge: againstCopies,
        journal,
        gamma,
        rounds,
      });
    };
    expect((await run(0.1, 20)).rounds.at(-1)?.measurement).toBeCloseTo(0.167, 3);
    const rising = await run(1, 1);
    expect(rising.rounds.at(-1)?.measurement).toBeCloseTo(0.7593, 4);
    expect(rising.chosen).toBe(0);
  });

  test('both goals at once: the product moves each by its full step', async () => {
    // Kinds: class 0, class 1, a copy of class 0, a copy of class 1.
    const start = [0.27, 0.63, 0.03, 0.07];
    const generator = new ToyGenerator({ shares: start, draws: DRAWS });
    const judge: Judge<number, readonly number[]> = async samples => {
      const counts = [0, 1, 2, 3].map(kind => samples.filter(one => one === kind).length / samples.length);
      const one = counts[1]! + counts[3]!;
      const bias = biasRewards([1 - one, one], [0.5, 0.5], 'B');
      return {
        measurement: counts,
        rewards: combineRewards(
          [
            { name: 'gender', rewards: Float32Array.from(samples, kind => bias[kind % 2]!) },
            { name: 'copies', rewards: Float32Array.from(samples, kind => 1 - (kind >= 2 ? COPY : OTHER)) },
          ],
          'product',
        ),
        training: new Float32Array(),
        held: false,
        distance: 1,
        spoiled: false,
        wants: 0,
      };
    };
    const { rounds } = await finish({
      ...common,
      generator,
      judge,
      journal: new MemoryJournal<readonly number[]>(),
      rounds: 1,
    });
    const [zero, one, copyZero, copyOne] = rounds[1]!.measurement;
    expect(one! + copyOne!).toBeCloseTo(0.5, 5);
    expect(copyZero! + copyOne!).toBeCloseTo((0.1 * 0.05) / (0.1 * 0.05 + 0.9 * 0.65), 5);
    expect(zero! + one! + copyZero! + copyOne!).toBeCloseTo(1, 9);
  });
});

describe('the loop', () => {
  const small = { ...common, samples: { count: 100, most: 400 }, block: 30 };

  test('ends at the same model when it is killed in any round and begun again', async () => {
    const whole = new ToyGenerator({ shares: [0.3, 0.7], draws: 100 });
    const expected = await finish({
      ...small,
      generator: whole,
      judge: balance('A'),
      journal: new MemoryJournal<number>(),
      rounds: 4,
    });
    for (let death = 1; death <= 4; death++) {
      const journal = new MemoryJournal<number>();
      const dying = new ToyGenerator({
        shares: [0.3, 0.7],
        draws: 100,
        beforeTuning: round => {
          if (round === death) throw new Error('killed');
        },
      });
      await expect(finish({ ...small, generator: dying, judge: balance('A'), journal, rounds: 4 })).rejects.toThrow(
        'killed',
      );
      const again = new ToyGenerator({ shares: [0.3, 0.7], draws: 100 });
      const result = await finish({ ...small, generator: again, judge: balance('A'), journal, rounds: 4 });
      expect(again.tuned[0]).toBe(death);
      expect(result).toEqual(expected);
      expect(again.shares).toEqual(whole.shares);
      // A loop that had ended is not begun anew.
      expect(await finish({ ...small, generator: again, judge: balance('A'), journal, rounds: 4 })).toEqual(expected);
      expect(again.tuned.length).toBe(5 - death);
    }
  });

  test('draws more samples where that makes sure, and no more than it may', async () => {
    const seen: number[] = [];
    const judge: Judge<number, number> = async samples => {
      seen.push(samples.length);
      return {
        ...(await balance('A')(samples, { round: 0, before: [], key: randomKey(0) })),
        wants: 10 * samples.length,
      };
    };
    const generator = new ToyGenerator({ shares: [0.3, 0.7], draws: 100 });
    const loop = runLoop({ ...small, generator, judge, journal: new MemoryJournal<number>(), rounds: 0 });
    const passes: string[] = [];
    for await (const event of loop) if (event.type === 'loop') passes.push(`${event.stage} ${event.pass}`);
    expect(seen).toEqual([100, 400]);
    // Each stage of a pass is told under a name of its own.
    expect([...new Set(passes)]).toEqual(['sampling 1', 'measuring 1', 'sampling 2', 'measuring 2']);
  });

  test('stops when the quality falls, and keeps the best round before', async () => {
    const judge: Judge<number, number> = async (samples, context) => ({
      ...(await balance('A')(samples, context)),
      spoiled: context.round === 3,
    });
    const generator = new ToyGenerator({ shares: [0.3, 0.7], draws: 100 });
    const result = await finish({ ...small, generator, judge, journal: new MemoryJournal<number>(), rounds: 9 });
    expect(result.stoppedBy).toBe('quality');
    expect(result.chosen).toBe(2);
    expect(shareOf(await generator.sample({ first: 0, count: 100 }))).toBe(result.rounds[2]!.measurement);
  });

  test('is interrupted between two blocks of samples', async () => {
    const controller = new AbortController();
    const generator = new ToyGenerator({ shares: [0.3, 0.7], draws: 100 });
    const loop = runLoop({
      ...small,
      generator,
      judge: balance('A'),
      journal: new MemoryJournal<number>(),
      rounds: 4,
      signal: controller.signal,
    });
    expect((await loop.next()).value).toMatchObject({ stage: 'sampling', done: 0, total: 100 });
    controller.abort();
    await expect(loop.next().then(() => loop.next())).rejects.toThrow('interrupted');
  });
});
