/** How fast the clipping norm follows the quantile: η of Andrew et al. (2021), section 2.2. */
const ADAPTATION = 0.2;

/** Deviation of the noise on the count of short updates: one in twenty of the clients (their section 3.1), and more than the updates' own. */
export function countNoise({ clients, noiseMultiplier }: Record<'clients' | 'noiseMultiplier', number>): number {
  return Math.max(clients / 20, 3 * noiseMultiplier);
}

/**
 * The next clipping norm: C·exp(−η·(b − q)), b the noisy share of updates that were shorter than C (Andrew et al. 2021, algorithm 1).
 *
 * @param sum of +1 for each shorter update and −1 for each longer one, with noise
 */
export function nextClip(
  clip: number,
  { sum, clients, quantile }: { readonly sum: number; readonly clients: number; readonly quantile: number },
): number {
  const share = Math.max(0, Math.min(1, (sum / clients + 1) / 2));
  return clip * Math.exp(-ADAPTATION * (share - quantile));
}
