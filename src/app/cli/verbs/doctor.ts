import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { messageOf } from '../../../ground/errors.ts';
import { checkWritable } from '../../../kit/job/index.ts';
import { DEFAULT_RUNS_DIR, packageVersion } from '../../../kit/runs/index.ts';
import type { DeviceChoice } from '../../../kit/tensor/index.ts';
import { wrap } from '../../../kit/text/wrap.ts';
import type { CliIo } from '../io.ts';
import { addExamples } from '../options.ts';
import { printJson, work } from '../work.ts';

/** Packages that are installed by those who need them. */
const OPTIONAL: Readonly<Record<string, string>> = {
  'node-seal': 'matching under encryption (biolens template match, gallery)',
  pg: 'a gallery in PostgreSQL',
  'onnxruntime-web': 'the engine in a browser (biolens/tensor/browser)',
};

/** Something that may be there, and what is wrong where it is not. */
interface Finding {
  readonly name: string;
  readonly works: boolean;
  /** A version or a place; where it does not work, why, with what to do. */
  readonly text: string;
}

async function find(name: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { name, works: true, text: await look() };
  } catch (error) {
    const said = messageOf(error);
    const begin = [`device ${name}: `, `${name}: `].find(words => said.startsWith(words)) ?? '';
    return { name, works: false, text: said.slice(begin.length) };
  }
}

async function tryDevice(device: DeviceChoice): Promise<string> {
  const { openRuntime } = await import('../../../kit/tensor/node.ts');
  const runtime = await openRuntime({ device });
  await runtime.close();
  return device === 'auto' ? `${runtime.device}: ${runtime.deviceReason}` : runtime.engine;
}

async function versionOfFfmpeg(environment: CliIo['env']): Promise<string> {
  const { findFfmpeg } = await import('../../../kit/video/index.ts');
  return (await findFfmpeg({ environment })).version;
}

async function versionOf(name: string): Promise<string> {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new Error(`not installed; npm install ${name}, for ${OPTIONAL[name]}`);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}

/** What there is on this machine that jobs use, each tried out. */
async function examine(runsDir: string, environment: CliIo['env']) {
  const devices: Finding[] = [];
  // One after the other: each is tried in a process of its own.
  for (const device of ['auto', 'cpu', 'cuda', 'webgpu'] as const)
    devices.push(await find(device, () => tryDevice(device)));
  const parts = await Promise.all([
    find('ffmpeg', () => versionOfFfmpeg(environment)),
    ...Object.keys(OPTIONAL).map(name => find(name, () => versionOf(name))),
  ]);
  const folder = await find(runsDir, async () => {
    await checkWritable(runsDir);
    return 'can be written';
  });
  return {
    schema: 'biolens/doctor@1' as const,
    biolens: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    availableBytes: process.availableMemory(),
    devices,
    optional: parts,
    runs: folder,
  };
}

const INDENT = '     ';

function describeFinding({ name, works, text }: Finding): string {
  const lines = wrap(`${name}: ${text}`, 80, INDENT);
  return `${works ? 'yes' : 'no '}  ${lines.slice(INDENT.length)}\n`;
}

/** `biolens doctor` */
export function registerDoctor(program: Command, io: CliIo): void {
  const command = program
    .command('doctor')
    .description('what this machine has that jobs use: devices, ffmpeg, optional packages; each is tried')
    .addOption(new Option('--runs-dir <dir>', 'where runs would go').default(DEFAULT_RUNS_DIR))
    .option('--json', 'print the result as JSON on standard output');
  addExamples(command, 'biolens doctor').action(
    async ({ runsDir, json = false }: { readonly runsDir: string; readonly json?: boolean }) => {
      const found = await work(io, () => examine(runsDir, io.env));
      if (json) return printJson(io, found);
      const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
      io.out(
        `biolens ${found.biolens}, Node ${found.node}, ${found.platform}\n${found.cores} cores, ${gigabytes(found.memoryBytes)} of memory (${gigabytes(found.availableBytes)} free)\n`,
      );
      io.out(`\nDevices (--device):\n${found.devices.map(describeFinding).join('')}`);
      io.out(`\nOptional:\n${found.optional.map(describeFinding).join('')}`);
      io.out(`\nRuns:\n${describeFinding(found.runs)}`);
    },
  );
}
