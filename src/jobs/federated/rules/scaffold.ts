/**
 * The corrections of SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II): a client steps by g − cᵢ + c.
 *
 * The server sees every client's cᵢ⁺ − cᵢ, which tells as much as its gradient.
 */

/** What a client adds to each of its gradients: c − cᵢ. `[n]` */
export function correctionOf(server: Float32Array, own: Float32Array | null): Float32Array {
  if (own === null) return server.slice();
  const correction = new Float32Array(server.length);
  for (let i = 0; i < server.length; i++) correction[i] = server[i]! - own[i]!;
  return correction;
}

/**
 * A client's variate after its local steps: cᵢ⁺ = cᵢ − c + (x − y) / (K·η), that is −correction − change / (K·η).
 *
 * @param change `[n]`: y − x, what local training has changed
 */
export function nextVariate(
  correction: Float32Array,
  {
    change,
    steps,
    learningRate,
  }: {
    readonly change: Float32Array;
    readonly steps: number;
    readonly learningRate: number;
  },
): Float32Array {
  const next = new Float32Array(change.length);
  for (let i = 0; i < change.length; i++) next[i] = -correction[i]! - change[i]! / (steps * learningRate);
  return next;
}

/**
 * The server's variate after a round: c + Σ (cᵢ⁺ − cᵢ) / N.
 *
 * @param clients all clients there are, N
 */
export function nextServerVariate(
  server: Float32Array,
  pairs: readonly { readonly before: Float32Array | null; readonly after: Float32Array }[],
  clients: number,
): Float32Array {
  const next = server.slice();
  for (const { before, after } of pairs)
    for (let i = 0; i < next.length; i++) next[i]! += (after[i]! - (before === null ? 0 : before[i]!)) / clients;
  return next;
}
