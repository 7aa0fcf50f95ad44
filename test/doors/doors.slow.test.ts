import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Told } from './door-child.ts';
import { DOORS } from './doors.ts';

/** `BIOLENS_MUTANTS` makes a shorter or longer search, and with a range as `5000-10000` a part of one. */
const RANGE = (process.env.BIOLENS_MUTANTS ?? '10000').split('-').map(Number);
const [FIRST, END] = RANGE.length === 1 ? [0, RANGE[0]!] : [RANGE[0]!, RANGE[1]!];
const MUTANTS = END - FIRST;
/** Mutants a process reads before another one goes on, so that what one leaves behind is not told of the next. */
const A_PROCESS = 500;
/** Processor time of one file, and of each that is damaged beside it. */
const MOST_MS = 5000;
const USUAL_MS = 200;
/** By the clock, also of a busy machine: longer without a word hangs. */
const HANGS_MS = 60_000;
const MOST_MB = 1024;
const CHILD = join(import.meta.dirname, 'door-child.ts');

const folder = mkdtempSync(join(tmpdir(), 'biolens-doors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is wrong with how a damaged file was met; null: nothing. */
function faultOf({ file, outcome }: Told, together = 1): string | null {
  const { code, err, cpuMs, peakMb } = outcome!;
  if (![0, 2, 3].includes(code)) return `exit code ${code}`;
  if (/^\s+at .*[:(]\d+/m.test(err)) return `a stack trace: ${err}`;
  if (cpuMs > MOST_MS + (together - 1) * USUAL_MS) return `${Math.round(cpuMs)} ms`;
  if (peakMb > MOST_MB) return `${Math.round(peakMb)} MB`;
  if (code === 0) return null;
  const told = err.split('\n').filter(line => line.startsWith('biolens: '));
  if (told.length !== 1) return `${told.length} lines: ${err}`;
  const names = [basename(file), basename(file, '.onnx'), file.split('/').at(-2) ?? ''];
  return names.some(name => name !== '' && told[0]!.includes(name)) ? null : `the file is not named: ${told[0]}`;
}

/** Lets a process read mutants from `first` on; resolves with the first one that was not read, and what went wrong with it. */
async function readSome(
  door: string,
  first: number,
  end: number,
  told: (told: Told) => void,
): Promise<{ readonly next: number; readonly fault: string | null }> {
  const child: ChildProcess = fork(CHILD, [door, join(folder, door.replaceAll(' ', '-')), `${first}`, `${end}`], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let [err, reading, hung] = ['', first, false];
  child.stderr!.on('data', chunk => {
    err = (err + chunk).slice(-4000);
  });
  let timer: NodeJS.Timeout | undefined;
  child.on('message', (message: Told) => {
    clearTimeout(timer);
    if (message.outcome !== undefined) return told(message);
    reading = message.seed;
    timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, HANGS_MS);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>(resolve =>
    child.on('close', (...end) => resolve(end)),
  );
  clearTimeout(timer);
  if (code === 0) return { next: end, fault: null };
  const how = hung ? 'it hangs' : `the process ends with ${code ?? signal}`;
  return { next: reading + 1, fault: `seed ${reading}: ${how}: ${err}` };
}

test.for(Object.keys(DOORS))(`${MUTANTS} damaged files are read or refused in one line: %s`, async door => {
  const faults: string[] = [];
  const codes: Record<number, number> = {};
  let refused = 0;
  let slowest = 0;
  for (let seed = FIRST; seed < END; ) {
    const end = Math.min(END, seed + A_PROCESS);
    const { next, fault } = await readSome(door, seed, end, told => {
      codes[told.outcome!.code] = (codes[told.outcome!.code] ?? 0) + 1;
      slowest = Math.max(slowest, told.outcome!.cpuMs);
      // What is damaged within a benchmark is told, and the rest is read.
      const { code, err, out } = told.outcome!;
      const text = `${err}${out}`;
      const leftOut = DOORS[door]!.leftOut?.exec(text);
      if (leftOut) refused += Number(leftOut[1]);
      else if (code !== 0 || text.includes(basename(told.file))) refused++;
      const wrong = faultOf(told, DOORS[door]!.together);
      if (wrong !== null) faults.push(`seed ${told.seed}, ${told.file}: ${wrong}`);
    });
    if (fault !== null) faults.push(fault);
    seed = next;
  }
  console.log(
    `${door}: exit codes ${JSON.stringify(codes)}, ${refused} refused, ${faults.length} faults, slowest ${Math.round(slowest)} ms`,
  );
  expect(faults.slice(0, 10), `${faults.length} faults`).toEqual([]);
  // A search in which nothing was refused, or nothing read, damages the wrong bytes.
  expect(refused).toBeGreaterThan(MUTANTS / 20);
});
