// A process of its own that damages the files of one door and reads them, so that whatever happens to it is seen from outside.
// Arguments: door, folder, first seed, end. Each mutant is announced before it is read and told after.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guardExit } from '../../src/app/cli/guard-exit.ts';
import { biolens } from '../cli/biolens.ts';
import { DOORS } from './doors.ts';
import { mutate } from './mutate.ts';

export interface Told {
  readonly seed: number;
  /** The damaged file; of it only the name when it is announced. */
  readonly file: string;
  readonly outcome?: {
    readonly code: number;
    readonly err: string;
    readonly out: string;
    readonly cpuMs: number;
    readonly peakMb: number;
  };
}

const [name, folder, first, end] = process.argv.slice(2) as [string, string, string, string];
const tell = (told: Told): Promise<void> =>
  new Promise((resolve, reject) => process.send!(told, (error: Error | null) => (error ? reject(error) : resolve())));

guardExit();
// Runs ask git for the commit, which takes longer than a small file.
process.env.PATH = '';
const door = DOORS[name]!;
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const originals = await door.prepare(folder);
const scratch = join(folder, 'scratch');
const kept = new Map<string, Uint8Array>();
for (const { name } of originals) kept.set(name, await readFile(join(folder, name)));

const { together = 1 } = door;
for (let seed = Number(first); seed < Number(end); seed += together) {
  const original = originals[seed % originals.length]!;
  const damaged = Array.from({ length: together }, (_, i) => originals[(seed + i) % originals.length]!);
  for (const [i, one] of damaged.entries())
    await writeFile(join(folder, one.name), mutate(kept.get(one.name)!, seed + i, one));
  await mkdir(scratch);
  await tell({ seed, file: original.name });
  const before = process.cpuUsage();
  const { code, err, out } = await biolens(...door.command(folder, scratch, original));
  const { user, system } = process.cpuUsage(before);
  await tell({
    seed,
    file: original.name,
    outcome: {
      code,
      err: err.slice(0, 4000),
      out: out.slice(0, 4000),
      cpuMs: (user + system) / 1000,
      peakMb: process.resourceUsage().maxRSS / 1024,
    },
  });
  await rm(scratch, { recursive: true, force: true });
  for (const { name } of damaged) await writeFile(join(folder, name), kept.get(name)!);
}
process.disconnect();
