import { planMatching, quantiseRows, type Setting } from '../../src/jobs/templates/encrypted/index.ts';
import { openMatchClient, openMatchServer } from '../../src/jobs/templates/encrypted/node.ts';
import { ClientEngine } from '../../src/jobs/templates/encrypted/seal/client-engine.ts';
import { loadSeal, openContext } from '../../src/jobs/templates/encrypted/seal/context.ts';
import { ServerEngine } from '../../src/jobs/templates/encrypted/seal/server-engine.ts';
import { leastOf, rows, wallSeconds } from './timing.ts';

/** Processor seconds a template of one engine, a block; for rotations a match of one template. */
export async function sealOneThread(setting: Setting, turns: number): Promise<number> {
  const plan = planMatching(setting);
  const module = await loadSeal();
  const client = new ClientEngine(openContext(module, plan.parameters), plan);
  const server = new ServerEngine(openContext(module, plan.parameters), plan);
  const keys = client.evaluationKeys();
  if (keys.length > 0) server.loadKeys(keys);
  const whole = quantiseRows(rows(plan.blockSize, plan.dimension, 1), 250, 'gallery');
  const ckks = plan.parameters.scheme === 'ckks';
  server.loadBlock(0, client.encryptBlock(ckks ? Float64Array.from(whole, value => value / 250) : whole));
  const probe = whole.slice(0, plan.dimension);
  const clearProbe = plan.mode === 'encrypted-gallery';
  const given = clearProbe ? probe : client.encryptProbe(ckks ? Float64Array.from(probe, value => value / 250) : probe);
  // A kernel is compiled well only once it has run for a while.
  const warm = wallSeconds() + 1;
  while (wallSeconds() < warm) server.match([0], given);
  const { match } = await leastOf(turns, { match: () => server.match([0], given) });
  client.close();
  server.close();
  return match / plan.blockSize;
}

/** Seconds a template by the clock on the wall, of a server with one worker and with two, envelopes included. */
export async function sealWorkers(setting: Setting, { blocks, turns }: { blocks: number; turns: number }) {
  const plan = planMatching(setting);
  const common = { tenant: 'bench', linkKey: new Uint8Array(32).fill(7) };
  await using client = await openMatchClient(plan, common);
  const keys = await client.evaluationKeys();
  const open = async (workers: number) => {
    const server = await openMatchServer(plan, { ...common, keyId: client.keyId, workers });
    if (keys !== null) await server.acceptKeys(keys);
    return server;
  };
  await using one = await open(1);
  await using two = await open(2);
  const gallery = rows(blocks * plan.blockSize, plan.dimension, 1);
  for await (const block of client.encryptGallery(gallery)) {
    await one.acceptBlock(block);
    await two.acceptBlock(block);
  }
  const face = gallery.data.subarray(0, plan.dimension);
  // A probe is taken once: each turn has its own, made before the clock starts.
  const probes = { one: [] as Uint8Array[], two: [] as Uint8Array[] };
  for (let i = 0; i < 2 * turns; i++)
    for (const name of ['one', 'two'] as const) probes[name].push(await client.probe(face));
  const works = { one: () => one.match(probes.one.pop()!), two: () => two.match(probes.two.pop()!) };
  // A kernel is compiled well only once it has run for a while, in each worker.
  await leastOf(turns, works, wallSeconds);
  const best = await leastOf(turns, works, wallSeconds);
  const n = blocks * plan.blockSize;
  return { one: best.one / n, two: best.two / n };
}
