import { writeFileSync } from 'node:fs';
import { nearestNeighbours, readAll } from '../src/kit/tensor/index.ts';
import { openMatrixFile, openRuntime } from '../src/kit/tensor/node.ts';

// A process of its own, so that its peak memory is that of the search: BASE.npy QUERIES.npy K THREADS OUT. The base stays on disk.

const [basePath = '', queriesPath = '', k = '1', threads = '1', out = ''] = process.argv.slice(2);
const base = await openMatrixFile(basePath);
const queriesFile = await openMatrixFile(queriesPath);
const queries = await readAll(queriesFile);
await queriesFile.close();
const runtime = await openRuntime({ device: 'cpu', threads: Number(threads) });

const start = performance.now();
const before = process.cpuUsage();
const { indices } = await nearestNeighbours(runtime, queries, { base, k: Number(k), metric: 'inner' });
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);

writeFileSync(out, new Uint8Array(indices.buffer));
console.log(
  JSON.stringify({
    seconds,
    processorSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
await base.close();
await runtime.close();
