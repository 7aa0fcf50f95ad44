import type { PrivacyEventInput } from '../../../ground/contracts/index.ts';
import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import { countNoise } from '../private/count-noise.ts';
import { type NoisyLattice, planLattice } from '../private/lattice-update.ts';
import type { Settled } from './configuration.ts';
import { type Encoding, noisyEncoding } from './contribution.ts';
import { dropoutOf, FEWEST } from './settings.ts';

/** What a private round adds, and what it releases. */
export interface PrivateRound {
  readonly lattice: NoisyLattice;
  readonly encoding: Encoding;
  /** Events of the round when so many clients' noise is in the sum. */
  readonly events: (survivors: number) => PrivacyEventInput[];
  /** Fewest clients whose sum is released. */
  readonly fewest: number;
}

/**
 * Plans the noise of a round of n invited clients: it suffices when as many are lost as may be, and is accounted from those who survived. The
 * protected client's own noise does not count: in the world without it there is none.
 */
export function planPrivateRound(
  configuration: Pick<Settled, 'noise' | 'fraction' | 'clients' | 'drop' | 'clipQuantile' | 'secure'>,
  {
    invited,
    clip,
    size,
    round,
    key,
  }: {
    readonly invited: number;
    readonly clip: number;
    readonly size: number;
    readonly round: number;
    readonly key: RandomKey;
  },
): PrivateRound {
  const { noise, fraction, clients, clipQuantile, secure } = configuration;
  const fewest = Math.max(FEWEST, invited - Math.floor(dropoutOf(configuration) * invited));
  const others = fewest - 1;
  const lattice = planLattice({ size, clip, noiseMultiplier: noise, fewest: others, most: Math.max(invited, fewest) });
  const expected = fraction * clients;
  const countStdDev =
    clipQuantile === undefined ? null : countNoise({ clients: expected, noiseMultiplier: noise }) / Math.sqrt(others);
  const common = {
    mechanism: 'distributed-discrete-gaussian' as const,
    unit: 'client' as const,
    neighbours: 'add-remove' as const,
    sampling: fraction < 1 ? ('poisson' as const) : ('none' as const),
    samplingRate: fraction,
    to: secure ? 'server' : 'whoever is given the models of a server that is trusted',
    round,
  };
  return {
    lattice,
    fewest,
    encoding: noisyEncoding(lattice, { rotation: foldIn(key, 'rotation'), expected, countStdDev }),
    events: survivors => [
      {
        ...common,
        purpose: 'update',
        released: 'sum of clipped updates',
        noiseStdDev: lattice.noiseStdDev,
        sensitivity: lattice.sensitivity,
        contributors: survivors - 1,
        dimension: lattice.padded,
      },
      ...(countStdDev === null
        ? []
        : [
            {
              ...common,
              purpose: 'clipping-quantile' as const,
              released: 'count of updates shorter than the clipping norm',
              noiseStdDev: countStdDev,
              sensitivity: 1,
              contributors: survivors - 1,
              dimension: 1,
            },
          ]),
    ],
  };
}
