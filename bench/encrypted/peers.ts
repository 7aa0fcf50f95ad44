import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';

/** Pythons with tenseal or openfhe, separated by colons: their wheels exist for different versions. */
export const PEER_VARIABLE = 'BIOLENS_PEER_PYTHON';

const measured = z.object({ seconds: z.number(), version: z.string() });
export type Peer = 'tenseal' | 'openfhe';
export type PeerMode = 'clear' | 'both' | 'pair';

/** Peers that answered. */
export const versions = new Set<string>();

/** Least processor seconds of a peer, a template or for `pair` a match; null where it is not installed. */
export function askPeer(
  peer: Peer,
  mode: PeerMode,
  { dimension, turns }: { dimension: number; turns: number },
): number | null {
  for (const python of (process.env[PEER_VARIABLE] ?? '').split(':').filter(Boolean)) {
    try {
      const args = [join(import.meta.dirname, 'peer.py'), peer, mode, `${dimension}`, `${turns}`];
      const out = execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      const { seconds, version } = measured.parse(JSON.parse(out.trim().split('\n').at(-1) ?? ''));
      versions.add(`${peer} ${version}`);
      return seconds;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!why.includes('No module named')) console.error(`  ${peer}: ${why.split('\n').at(-2) ?? why}`);
    }
  }
  return null;
}
