import type { Matrix } from '../../../src/ground/math/index.ts';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import { type Plan, quantiseRows } from '../../../src/jobs/templates/encrypted/index.ts';
import { openMatchClient, openMatchServer } from '../../../src/jobs/templates/encrypted/node.ts';

export const LINK_KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1);

/** Normal vectors, not of unit length. */
export function randomRows(rows: number, cols: number, seed: number): Matrix {
  return { rows, cols, data: openStream(randomKey(seed)).fillNormal(new Float32Array(rows * cols)) };
}

/** Products of whole numbers, computed in the clear. */
export function clearScores(plan: Plan, gallery: Matrix, probe: Float32Array): Int32Array {
  const rows = quantiseRows(gallery, plan.scale, 'gallery');
  const values = quantiseRows({ rows: 1, cols: gallery.cols, data: probe }, plan.scale, 'probe');
  return Int32Array.from({ length: gallery.rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < gallery.cols; j++) sum += rows[i * gallery.cols + j]! * values[j]!;
    return sum;
  });
}

/** A client and its server, with the keys exchanged and the gallery in place. */
export async function openBoth(
  plan: Plan,
  gallery: Matrix | null,
  { workers = 1 }: { readonly workers?: number } = {},
) {
  const client = await openMatchClient(plan, { tenant: 'test', linkKey: LINK_KEY });
  const server = await openMatchServer(plan, { tenant: 'test', linkKey: LINK_KEY, keyId: client.keyId, workers });
  const keys = await client.evaluationKeys();
  if (keys !== null) await server.acceptKeys(keys);
  if (gallery !== null) {
    if (plan.mode === 'encrypted-probe') await server.loadGallery(gallery);
    else for await (const block of client.encryptGallery(gallery)) await server.acceptBlock(block);
  }
  return {
    client,
    server,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await server.close();
    },
  };
}
