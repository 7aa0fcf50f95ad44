import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { foldIn, openStream, randomKey } from '../../src/ground/math/random.ts';
import type { Run } from '../../src/kit/runs/index.ts';

export const appender = join(import.meta.dirname, 'appender.ts');

/** What {@link killAndResume} saw. */
export interface Aftermath {
  readonly kills: number;
  /** Times that a line was torn, or lines were written that had not been acknowledged: the kill hit the writing itself. */
  readonly hitWrites: number;
  /** Times that an item was missing which the process had said to be on the disk. */
  readonly lost: number;
  readonly numbers: readonly unknown[];
}

/**
 * Has child processes append `target` items to a run, kills (SIGKILL) the first `kills` of them at random instants: every fourth
 * while it starts, the others after some milliseconds of work. Then lets one finish.
 */
export async function killAndResume(
  run: Run,
  options: { readonly target: number; readonly kills: number },
): Promise<Aftermath> {
  const { target } = options;
  const stream = openStream(foldIn(randomKey(2026), 'kills'));
  const file = join(run.path, 'items.jsonl');
  let acknowledged = -1;
  let kills = 0;
  let hitWrites = 0;
  let lost = 0;
  for (let attempt = 0; attempt < 20 * options.kills; attempt++) {
    const child = spawn(process.execPath, [appender, run.path, String(target)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', chunk => {
      output += String(chunk);
    });
    const ended = once(child, 'close');
    if (kills < options.kills) {
      if (attempt % 4 !== 0) await Promise.race([once(child.stdout, 'data'), ended]);
      await Promise.race([sleep(stream.uniform() * (attempt % 4 === 0 ? 250 : 40)), ended]);
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        kills++;
      }
    }
    const [code] = await ended;
    for (const line of output.split('\n').slice(0, -1)) acknowledged = Math.max(acknowledged, Number(line));
    const text = readFileSync(file, 'utf8');
    const present = text.split('\n').length - 1;
    if (present <= acknowledged) lost++;
    if (present > acknowledged + 1 || !(text === '' || text.endsWith('\n'))) hitWrites++;
    if (code === 0) break;
  }
  const numbers = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).number);
  return { kills, hitWrites, lost, numbers };
}
