import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  calibrateGaussian,
  composeReleases,
  distributedGaussianRdp,
  gaussianDelta,
  gaussianEpsilon,
  gaussianRdp,
  lossDelta,
  pldEpsilon,
  poissonGaussianRdp,
  poissonRdp,
  pureRdp,
  RDP_ORDERS,
  rdpDelta,
  rdpEpsilon,
  spentOf,
  withoutReplacementGaussianRdp,
} from '../../src/kit/privacy/index.ts';
import { DP_ACCOUNTING, sampledEvent } from './vectors.ts';

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

describe('Rényi differential privacy', () => {
  test.each(DP_ACCOUNTING.table)('noise $noise, rate $rate, $steps steps, δ $delta: as dp-accounting', row => {
    const { epsilon, order } = spentOf([sampledEvent(row)], row);
    expect(relative(epsilon.rdp, row.rdp)).toBeLessThan(1e-6);
    expect(order).toBe(row.order);
  });

  test('order by order, sampled by Poisson', () => {
    for (const { noise, rate, orders, rdp } of DP_ACCOUNTING.poisson)
      orders.forEach((order, i) => {
        const value = poissonGaussianRdp(order, { noiseMultiplier: noise, samplingRate: rate });
        // Where dp-accounting's series does not converge it leaves the order out.
        if (rdp[i] === null) expect(value).toBeLessThanOrEqual(gaussianRdp(order, { noiseMultiplier: noise }));
        else expect(relative(value, rdp[i]!), `noise ${noise}, rate ${rate}, order ${order}`).toBeLessThan(1e-6);
      });
  });

  test('order by order, sampled without replacement', () => {
    for (const { noise, rate, orders, rdp } of DP_ACCOUNTING.withoutReplacement)
      orders.forEach((order, i) => {
        const value = withoutReplacementGaussianRdp(order, { noiseMultiplier: noise, samplingRate: rate });
        // Their bound forgets that sampling costs nothing: where it is worse than no sampling, ours is the latter.
        const expected = Math.min(rdp[i]!, gaussianRdp(order, { noiseMultiplier: noise }));
        expect(relative(value, expected), `noise ${noise}, rate ${rate}, order ${order}`).toBeLessThan(1e-6);
      });
  });

  test('no order is lost, however slowly its series converges', () => {
    for (const order of RDP_ORDERS)
      for (const [noiseMultiplier, samplingRate] of [
        [0.3, 0.5],
        [20, 0.4],
        [1, 1e-6],
        [0.5, 0.999],
      ] as const) {
        const value = poissonGaussianRdp(order, { noiseMultiplier, samplingRate });
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(gaussianRdp(order, { noiseMultiplier }));
      }
  });

  test('grows with the order and the rate, falls with the noise', () => {
    const between = (low: number, high: number) => fc.double({ min: low, max: high, noNaN: true });
    fc.assert(
      fc.property(between(1.5, 40), between(0.6, 5), between(0.001, 0.5), (order, noiseMultiplier, samplingRate) => {
        const at = (o: number, z: number, q: number) =>
          poissonGaussianRdp(o, { noiseMultiplier: z, samplingRate: q }) * (1 + 1e-9) + 1e-15;
        const value = poissonGaussianRdp(order, { noiseMultiplier, samplingRate });
        expect(at(Math.ceil(order) + 1, noiseMultiplier, samplingRate)).toBeGreaterThanOrEqual(value);
        expect(at(order, noiseMultiplier, Math.min(1, 1.3 * samplingRate))).toBeGreaterThanOrEqual(value);
        expect(at(order, noiseMultiplier / 1.2, samplingRate)).toBeGreaterThanOrEqual(value);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('the bound for any mechanism is above that for the Gaussian, and below no sampling', () => {
    for (const order of [2, 3.5, 8, 40]) {
      const mechanism = { noiseMultiplier: 1.3, samplingRate: 0.05 };
      const any = poissonRdp(order, { rdp: at => gaussianRdp(at, mechanism), samplingRate: 0.05 });
      expect(any).toBeGreaterThanOrEqual((1 - 1e-9) * poissonGaussianRdp(Math.floor(order), mechanism));
      expect(any).toBeLessThanOrEqual(gaussianRdp(order, mechanism));
    }
  });

  test('ε and δ are each other’s inverse', () => {
    const values = RDP_ORDERS.map(
      order => 200 * poissonGaussianRdp(order, { noiseMultiplier: 1.2, samplingRate: 0.02 }),
    );
    const curve = { orders: RDP_ORDERS, values };
    for (const delta of [1e-3, 1e-6, 1e-9]) {
      const { epsilon } = rdpEpsilon(curve, delta);
      expect(relative(rdpDelta(curve, epsilon).delta, delta)).toBeLessThan(1e-9);
    }
    expect(rdpEpsilon({ orders: [2], values: [1e-14] }, 1e-5).epsilon).toBe(0);
  });

  test('a pure guarantee: never above ε, half of αε² for small ones', () => {
    // Order 2 of randomised response with p = 3/4: ln(p²/(1−p) + (1−p)²/p) = ln(9/4 + 1/12).
    expect(pureRdp(2, { epsilon: Math.log(3) })).toBeCloseTo(Math.log(9 / 4 + 1 / 12), 12);
    expect(pureRdp(1000, { epsilon: 1.5 })).toBeLessThanOrEqual(1.5);
    expect(relative(pureRdp(3, { epsilon: 1e-3 }), 1.5e-6)).toBeLessThan(1e-3);
  });

  test('the distributed discrete Gaussian is the Gaussian of the whole variance where each part is wide, and worse where it is not', () => {
    const noise = { noiseStdDev: 3, contributors: 50, sensitivity: 40, dimension: 1000 };
    const whole = gaussianRdp(4, { noiseMultiplier: (3 * Math.sqrt(50)) / 40 });
    expect(relative(distributedGaussianRdp(4, noise), whole)).toBeLessThan(1e-9);
    // τ = 10·Σ_{k<50} exp(−2π²·.36·k/(k+1)): 0.6 steps a client are too few.
    const narrow = distributedGaussianRdp(4, { ...noise, noiseStdDev: 0.6, sensitivity: 8 });
    expect(narrow).toBeGreaterThan(1.05 * gaussianRdp(4, { noiseMultiplier: (0.6 * Math.sqrt(50)) / 8 }));
    expect(() => distributedGaussianRdp(4, { ...noise, noiseStdDev: 0.4 })).toThrow(
      '"noiseStdDev" expected at least 0.5',
    );
  });
});

describe('the Gaussian mechanism, exactly', () => {
  test.each(DP_ACCOUNTING.gaussianNoise)('ε $epsilon, δ $delta', ({ epsilon, delta, noise }) => {
    expect(relative(calibrateGaussian({ epsilon, delta }), noise)).toBeLessThan(1e-6);
  });

  // Balle and Wang's own implementation, Δ = 1, δ = 1e-5.
  test.each([
    [0.1, 30.749566],
    [0.5, 7.0318267],
    [1, 3.7306316],
    [2, 1.9938125],
    [8, 0.6002291],
  ])('ε %d at δ 1e-5 takes deviation %d', (epsilon, noise) => {
    expect(relative(calibrateGaussian({ epsilon, delta: 1e-5 }), noise)).toBeLessThan(1e-6);
  });

  test('calibration, ε and δ agree, and the classic formula is refused its promise at ε = 8', () => {
    for (const epsilon of [0.01, 0.7, 3, 12, 50]) {
      const noiseStdDev = calibrateGaussian({ epsilon, delta: 1e-7 }, { sensitivity: 2.5 });
      const noise = { noiseStdDev, sensitivity: 2.5 };
      expect(relative(gaussianEpsilon(1e-7, noise), epsilon)).toBeLessThan(1e-9);
      expect(relative(gaussianDelta(epsilon, noise), 1e-7)).toBeLessThan(1e-9);
    }
    const classic = Math.sqrt(2 * Math.log(1.25 / 1e-5)) / 8;
    expect(gaussianEpsilon(1e-5, { noiseStdDev: classic })).toBeGreaterThan(7.9);
    expect(gaussianEpsilon(0.9, { noiseStdDev: 100 })).toBe(0);
  });
});

describe('privacy loss distributions', () => {
  test.each(DP_ACCOUNTING.table)(
    'noise $noise, rate $rate, $steps steps, δ $delta: within 0.5 % of dp-accounting',
    row => {
      const release = {
        kind: 'gaussian',
        noiseMultiplier: row.noise,
        samplingRate: row.rate,
        steps: row.steps,
      } as const;
      const pessimistic = pldEpsilon([release], { delta: row.delta });
      const optimistic = pldEpsilon([release], { delta: row.delta, estimate: 'optimistic' });
      expect(relative(pessimistic, row.pld)).toBeLessThan(0.005);
      expect(pessimistic).toBeGreaterThanOrEqual(row.pldOptimistic);
      // The truth is between ours, and between theirs.
      expect(optimistic).toBeLessThanOrEqual(row.pld);
      expect(optimistic).toBeLessThanOrEqual(pessimistic);
      expect(relative(optimistic, pessimistic)).toBeLessThan(0.01);
      expect(pessimistic).toBeLessThanOrEqual(row.rdp);
    },
  );

  test('brackets the exact Gaussian, whose composition is one of them', () => {
    for (const [noise, steps, delta] of [
      [0.7, 1, 1e-6],
      [3, 7, 1e-5],
      [40, 900, 1e-8],
    ] as const) {
      const exact = gaussianEpsilon(delta, { noiseStdDev: noise / Math.sqrt(steps) });
      const release = { kind: 'gaussian', noiseMultiplier: noise, samplingRate: 1, steps } as const;
      const pessimistic = pldEpsilon([release], { delta });
      const optimistic = pldEpsilon([release], { delta, estimate: 'optimistic' });
      expect(pessimistic).toBeGreaterThanOrEqual(exact);
      expect(optimistic).toBeLessThanOrEqual(exact);
      expect(relative(pessimistic, exact)).toBeLessThan(1e-3);
      expect(relative(optimistic, exact)).toBeLessThan(1e-3);
    }
  });

  test('releases of different kinds add up as in dp-accounting', () => {
    const { parts, delta, rdp, order, pld } = DP_ACCOUNTING.mixed;
    const spent = spentOf(
      parts.map(part => sampledEvent(part)),
      { delta },
    );
    expect(relative(spent.epsilon.rdp, rdp)).toBeLessThan(1e-6);
    expect(spent.order).toBe(order);
    expect(relative(spent.epsilon.pld!, pld)).toBeLessThan(0.005);
    // Each round written for itself is the same.
    const rounds = parts.flatMap(part => Array.from({ length: part.steps }, () => sampledEvent({ ...part, steps: 1 })));
    expect(spentOf(rounds, { delta })).toEqual(spent);
  });

  test('adding a member costs something else than removing one, and the larger of the two counts', () => {
    const [removed, added] = composeReleases([{ kind: 'gaussian', noiseMultiplier: 0.8, samplingRate: 0.2, steps: 3 }]);
    expect(lossDelta(removed!, 2)).toBeGreaterThan(1.5 * lossDelta(added!, 2));
  });

  test('pure guarantees compose as randomised response does', () => {
    // Ten answers of ε = 0.3: exactly Σ_k C(10,k) max(0, p^k(1−p)^(10−k) − e^ε p^(10−k)(1−p)^k).
    const likely = 1 / (1 + Math.exp(-0.3));
    const choose = [1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1];
    const exact = choose.reduce((sum, c, k) => {
      const p = likely ** k * (1 - likely) ** (10 - k);
      const q = likely ** (10 - k) * (1 - likely) ** k;
      return sum + c * Math.max(0, p - Math.exp(1.5) * q);
    }, 0);
    const [grid] = composeReleases([{ kind: 'pure', epsilon: 0.3, steps: 10 }]);
    expect(lossDelta(grid!, 1.5)).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
    expect(relative(lossDelta(grid!, 1.5), exact)).toBeLessThan(0.01);
  });

  test('a range too wide for the finest grid gets a wider step, and stays a bound', () => {
    const exact = gaussianEpsilon(1e-5, { noiseStdDev: 0.05 });
    const epsilon = pldEpsilon([{ kind: 'gaussian', noiseMultiplier: 0.5, samplingRate: 1, steps: 100 }], {
      delta: 1e-5,
    });
    expect(epsilon).toBeGreaterThanOrEqual(exact);
    expect(relative(epsilon, exact)).toBeLessThan(1e-3);
  });
});

describe('what cannot be', () => {
  test('is refused by name', () => {
    expect(() => poissonGaussianRdp(1, { noiseMultiplier: 1, samplingRate: 0.1 })).toThrow('"order"');
    expect(() => poissonGaussianRdp(2, { noiseMultiplier: 0, samplingRate: 0.1 })).toThrow('"noiseMultiplier"');
    expect(() => poissonGaussianRdp(2, { noiseMultiplier: 1, samplingRate: 1.5 })).toThrow('"samplingRate"');
    expect(() => calibrateGaussian({ epsilon: 1, delta: 0 })).toThrow('"delta"');
    expect(() => calibrateGaussian({ epsilon: -1, delta: 1e-5 })).toThrow('"epsilon"');
    expect(() => pldEpsilon([], { delta: 1e-5 })).toThrow('"releases"');
  });
});
