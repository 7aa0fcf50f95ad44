import { BiolensError } from '../../ground/errors.ts';
import type { Scheme } from './scheme.ts';
import { biohash, biohashZero } from './schemes/biohash.ts';
import { bloomFilter } from './schemes/bloom-filter.ts';
import { iomGrp } from './schemes/iom-grp.ts';
import { iomUrp } from './schemes/iom-urp.ts';
import { mlpHash } from './schemes/mlp-hash.ts';
import { polyProtect } from './schemes/poly-protect.ts';
import { randomProjection, sectoredProjection } from './schemes/random-projection.ts';
import { salting } from './schemes/salting.ts';

/** Every scheme there is, a line each; whatever stands here is evaluated and attacked. */
export const SCHEMES: readonly Scheme[] = [
  biohash,
  biohashZero,
  iomGrp,
  iomUrp,
  mlpHash,
  bloomFilter,
  randomProjection,
  sectoredProjection,
  salting,
  polyProtect,
];

/** @throws BiolensError `usage` naming the schemes there are */
export function findScheme(name: string): Scheme {
  const found = SCHEMES.find(scheme => scheme.name === name);
  if (found !== undefined) return found;
  throw new BiolensError(
    'usage',
    `there is no scheme "${name}", there are ${SCHEMES.map(({ name }) => name).join(', ')}`,
  );
}
