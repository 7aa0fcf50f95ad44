import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStream, randomKey } from '../../../../src/ground/math/index.ts';

/** Kills an enroller again and again at random instants. @returns how many ciphertexts were released, and the slots released twice */
export async function killOften(
  times: number,
): Promise<{ readonly released: number; readonly twice: readonly string[]; readonly blocks: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-slots-'));
  const [ledger, log] = [join(folder, 'slots'), join(folder, 'released')];
  const random = openStream(randomKey(times));
  try {
    for (let i = 0; i < times; i++) {
      const script = resolve('test/templates/encrypted/additive/enroller.ts');
      const child = spawn(process.execPath, [script, ledger, log], { stdio: ['ignore', 'pipe', 'inherit'] });
      const gone = once(child, 'exit');
      // Every fourth one while it starts, the others while it enrols.
      if (i % 4 === 3) await sleep(random.uniform() * 500);
      else {
        const outcome = await Promise.race([once(child.stdout!, 'data').then(() => 'ready'), gone.then(() => 'ended')]);
        if (outcome === 'ended') throw new Error('the enroller ended by itself');
        await sleep(random.uniform() * 60);
      }
      child.kill('SIGKILL');
      await gone;
    }
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
    const slots = lines.map(line => line.split(' ')[0]!);
    const seen = new Set<string>();
    const twice = slots.filter(slot => {
      const again = seen.has(slot);
      seen.add(slot);
      return again;
    });
    return { released: slots.length, twice, blocks: new Set(slots.map(slot => slot.split('/')[0])).size };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
