import type { PARTITIONS } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';

/** Shards of a client in the partition by labels: 200 shards of 300 digits for 100 clients, as in McMahan et al. (2017), section 3. */
const SHARDS_EACH = 2;

/**
 * Divides examples among clients, each to one: `iid` shuffled and dealt out, `shards` sorted by label, cut into two pieces a client, and the
 * pieces dealt out, so that most clients have two classes.
 *
 * @returns positions of examples by client; sizes differ by one at most, in shards by two
 * @throws {BiolensError} `input` for more clients than there are examples for
 */
export function partition(
  labels: Uint8Array,
  {
    kind,
    clients,
    key,
  }: {
    readonly kind: (typeof PARTITIONS)[number];
    readonly clients: number;
    readonly key: RandomKey;
  },
): Int32Array[] {
  const n = labels.length;
  const pieces = kind === 'iid' ? clients : clients * SHARDS_EACH;
  if (pieces > n)
    throw new BiolensError(
      'input',
      `"clients" expected at most ${Math.floor((n * clients) / pieces)} for ${n} examples, got ${clients}`,
    );
  const stream = openStream(foldIn(key, 'partition'));
  const order = Int32Array.from({ length: n }, (_, i) => i);
  if (kind === 'iid') stream.shuffle(order);
  else order.sort((a, b) => labels[a]! - labels[b]! || a - b);
  const cut = (i: number): Int32Array =>
    order.subarray(Math.floor((i * n) / pieces), Math.floor(((i + 1) * n) / pieces));
  if (kind === 'iid') return Array.from({ length: clients }, (_, i) => cut(i));
  const dealt = stream.shuffle(Array.from({ length: pieces }, (_, i) => i));
  return Array.from({ length: clients }, (_, i) => {
    const own = dealt.slice(i * SHARDS_EACH, (i + 1) * SHARDS_EACH).map(cut);
    const joined = new Int32Array(own.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of own) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  });
}
