/**
 * Deviation of the noise on the count of updates within the clipping norm, where each counts +1 or −1: one in twenty of the clients (Andrew et
 * al. 2021, section 3.1), and three times the updates' own multiplier, so that the count costs little beside them.
 */
export function countNoise({ clients, noiseMultiplier }: Record<'clients' | 'noiseMultiplier', number>): number {
  return Math.max(clients / 20, 3 * noiseMultiplier);
}
