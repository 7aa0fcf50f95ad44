import { openStream, type RandomStream, randomKey } from '../../../src/ground/math/index.ts';
import type { Channel } from '../../../src/jobs/templates/encrypted/index.ts';
import { Envelopes, type Kind } from '../../../src/jobs/templates/encrypted/index.ts';

/** Ways in which a message of an adversary differs from the one that it saw. */
export const ATTACKS = [
  'truncated',
  'flipped',
  'random',
  'oversize',
  'extended',
  'wrong version',
  'wrong key',
  'wrong tenant',
  'wrong mode',
  'wrong kind',
  'compressed',
  'not of SEAL',
  'lying length',
] as const;
export type Attack = (typeof ATTACKS)[number];

interface Genuine {
  readonly kind: Kind;
  readonly sealed: Uint8Array;
  readonly parts: readonly Uint8Array[];
  readonly channel: Channel;
  /** Channels of which one thing differs. */
  readonly others: { readonly key: Channel; readonly tenant: Channel; readonly mode: Channel };
}

const reseal = async (channel: Channel, kind: Kind, parts: readonly Uint8Array[]): Promise<Uint8Array> =>
  (await Envelopes.open(channel)).seal({ kind, block: 99, count: 1, parts });

/** With the right tag around parts of which the first is changed: the adversary is the peer itself. */
function forge({ kind, parts, channel }: Genuine, change: (part: Uint8Array) => void): Promise<Uint8Array> {
  const changed = parts.map(part => Uint8Array.from(part));
  change(changed[0]!);
  return reseal(channel, kind, changed);
}

export async function attack(how: Attack, genuine: Genuine, random: RandomStream): Promise<Uint8Array> {
  const { kind, sealed, parts, others } = genuine;
  const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.integer(256));
  switch (how) {
    case 'truncated':
      return sealed.slice(0, random.integer(sealed.length));
    case 'flipped': {
      const out = Uint8Array.from(sealed);
      const place = random.bool() ? random.integer(Math.min(400, out.length)) : random.integer(out.length);
      out[place] = out[place]! ^ (1 + random.integer(255));
      return out;
    }
    case 'random':
      return noise(random.integer(2000));
    case 'oversize':
      return new Uint8Array(3e8);
    case 'extended': {
      const out = new Uint8Array(sealed.length + 1 + random.integer(64));
      out.set(sealed);
      return out;
    }
    case 'wrong version': {
      const out = Uint8Array.from(sealed);
      out[4] = 2 + random.integer(200);
      return out;
    }
    case 'wrong key':
      return reseal(others.key, kind, parts);
    case 'wrong tenant':
      return reseal(others.tenant, kind, parts);
    case 'wrong mode':
      return reseal(others.mode, kind, parts);
    case 'wrong kind':
      return reseal(genuine.channel, kind === 'probe' ? 'block' : 'probe', parts);
    case 'compressed':
      // SEAL would unpack it: 1 is zlib, 2 zstd.
      return forge(genuine, part => {
        part[5] = 1 + random.integer(2);
      });
    case 'not of SEAL':
      return forge(genuine, part => {
        part.set(noise(4));
      });
    case 'lying length':
      return forge(genuine, part => {
        new DataView(part.buffer).setUint32(8, random.uint32(), true);
      });
    default:
      return how satisfies never;
  }
}

export const hostileStream = (seed: number): RandomStream => openStream(randomKey(seed));
