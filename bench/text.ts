import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openStream, randomKey } from '../src/ground/math/index.ts';
import { inventText } from '../test/audit-text/invent-text.ts';
import type { BenchResult } from './bench-result.ts';

const MEGABYTE = 1_000_000;
const BLOCKS = 100;
const PLANTED = 600;
const TIMES = 10;

interface Turn {
  /** Of the processor, in seconds. */
  readonly cpu: number;
  readonly wall: number;
  readonly peakMegabytes: number;
}

/** A corpus of invented words, and texts that repeat 50 to 3,000 characters of it. */
async function writeTexts(folder: string) {
  const stream = openStream(randomKey(1));
  const blocks: string[] = [];
  const pieces: string[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const text = inventText(10_000 + block, MEGABYTE);
    blocks.push(text);
    for (let i = 0; i < PLANTED / BLOCKS; i++) {
      const length = 50 + stream.integer(2951);
      const at = stream.integer(MEGABYTE - length);
      pieces.push(`#${text.slice(at, at + length)}#`);
    }
  }
  const write = async (name: string, times: number): Promise<string> => {
    const path = join(folder, name);
    const out = createWriteStream(path);
    for (let i = 0; i < times; i++)
      for (let block = 0; block < BLOCKS; block++)
        // Each time the blocks come in another order.
        if (!out.write(blocks[(block * (2 * i + 1)) % BLOCKS]!)) await once(out, 'drain');
    out.end();
    await once(out, 'finish');
    return path;
  };
  const [generated, plain] = [join(folder, 'generated.jsonl'), join(folder, 'generated.txt')];
  writeFileSync(generated, pieces.map(text => JSON.stringify({ text })).join('\n'));
  writeFileSync(plain, pieces.join('\n'));
  return { corpus: await write('corpus.txt', 1), large: await write('large.txt', TIMES), generated, plain };
}

/** Of V8: keeps the part of its memory small that new values are put in. */
const SMALL_HEAP = '--max-semi-space-size=1';

const ours = (
  corpus: string,
  generated: string,
  { flags = [], workers = [] }: { readonly flags?: readonly string[]; readonly workers?: readonly string[] } = {},
): Turn =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [...flags, resolve(import.meta.dirname, 'text-ours.js'), corpus, generated, ...workers],
      { encoding: 'utf8' },
    ),
  ) as Turn;

/** Runs a program and looks at its memory every 20 ms; Linux alone tells. */
async function watch(program: string, args: readonly string[]): Promise<Turn> {
  const start = performance.now();
  const child = spawn(program, args, { stdio: 'ignore' });
  let [peak, cpu] = [0, 0];
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      cpu = (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // It has just ended.
    }
  }, 20);
  const [status] = (await once(child, 'exit')) as [number | null];
  clearInterval(look);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return { cpu, wall: (performance.now() - start) / 1000, peakMegabytes: peak };
}

async function peer(
  program: string,
  { corpus, plain, folder }: { corpus: string; plain: string; folder: string },
): Promise<Turn> {
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  const turns = [
    await watch(program, ['make', '--data-file', corpus]),
    await watch(program, ['make', '--data-file', plain]),
    await watch(program, [
      ...['across-similar', '--data-file-1', corpus, '--data-file-2', plain, '--length-threshold', '50'],
      ...['--cache-dir', cache, '--num-threads', '2'],
    ]),
  ];
  return {
    cpu: turns.reduce((sum, turn) => sum + turn.cpu, 0),
    wall: turns.reduce((sum, turn) => sum + turn.wall, 0),
    peakMegabytes: Math.max(...turns.map(turn => turn.peakMegabytes)),
  };
}

/** Runs of 50 characters or more that generated texts share with a corpus, beside a suffix array of the corpus. */
export async function bench(): Promise<BenchResult> {
  const program = process.env.BIOLENS_DEDUP;
  if (program === undefined)
    throw new Error(
      'BIOLENS_DEDUP expected the program dedup_dataset of github.com/google-research/deduplicate-text-datasets, built with cargo build --release',
    );
  const folder = mkdtempSync(join(tmpdir(), 'biolens-text-bench-'));
  try {
    const texts = await writeTexts(folder);
    const mine = ours(texts.corpus, texts.generated);
    const lean = { flags: [SMALL_HEAP], workers: ['1'] };
    const least = ours(texts.corpus, texts.generated, lean);
    const theirs = await peer(program, { ...texts, folder });
    const large = ours(texts.large, texts.generated);
    const largeLeast = ours(texts.large, texts.generated, lean);
    const ratio = (a: number, b: number): string => (a / b).toFixed(3);
    const size = (path: string): string => `${(statSync(path).size / MEGABYTE).toFixed(2)} MB`;
    const row = (what: string, key: keyof Turn, digits: number) => [
      what,
      mine[key].toFixed(digits),
      theirs[key].toFixed(digits),
      ratio(mine[key], theirs[key]),
    ];
    return {
      title: 'Runs of 50 characters that texts share with a corpus',
      columns: ['work', 'ours', 'peer', 'ratio'],
      rows: [
        row(`${size(texts.plain)} against ${size(texts.corpus)} (s of the processor)`, 'cpu', 2),
        row('the same (s by the clock)', 'wall', 2),
        row('the same, memory (MB)', 'peakMegabytes', 0),
        [
          'the same with --workers 1 and a small heap, memory (MB)',
          least.peakMegabytes.toFixed(0),
          theirs.peakMegabytes.toFixed(0),
          ratio(least.peakMegabytes, theirs.peakMegabytes),
        ],
        ['the same (s by the clock)', least.wall.toFixed(2), theirs.wall.toFixed(2), ratio(least.wall, theirs.wall)],
        [
          `against ${size(texts.large)} (s of the processor; ratio to ${TIMES} times the shorter)`,
          large.cpu.toFixed(2),
          '–',
          ratio(large.cpu, TIMES * mine.cpu),
        ],
        [
          'the same, memory (MB; ratio to the shorter)',
          large.peakMegabytes.toFixed(0),
          '–',
          ratio(large.peakMegabytes, mine.peakMegabytes),
        ],
        [
          'the same with --workers 1 and a small heap, memory (MB; ratio to the shorter)',
          largeLeast.peakMegabytes.toFixed(0),
          '–',
          ratio(largeLeast.peakMegabytes, least.peakMegabytes),
        ],
      ],
      notes: [
        'Peer: `make` of both files and `across-similar` of deduplicate-text-datasets, release build, two threads. Ours is the compiled package in a process of its own, with the report written.',
        `A small heap: NODE_OPTIONS=${SMALL_HEAP}.`,
        'Memory is the peak of the process; the peer’s the largest of its three.',
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
