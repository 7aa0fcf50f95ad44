import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import sharp from 'sharp';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { float32, writeNpy, writeSafetensors } from '../../src/kit/tensor/index.ts';
import { dicomOf, explicit } from '../audit-medical/write-dicom.ts';
import { niftiOf } from '../audit-medical/write-nifti.ts';
import tokenizers from '../audit-text/fixtures/tokenizers.json' with { type: 'json' };
import { drawing, header, writeOfficial } from '../bench/official-folder.ts';
import { makeQuestion } from '../bench/questions.ts';
import { cardFor, channelMeans, writeModel } from '../faces/models.ts';
import { ffmpegPath, writeVideo } from '../video/parts.ts';

/** A file that a stranger may have made. */
export interface Original {
  /** Within the folder of the door. */
  readonly name: string;
  readonly text: boolean;
}

/** A place where the product reads files of others. */
export interface Door {
  /** Makes sound files in an empty folder; says which of them are damaged in turn. */
  readonly prepare: (folder: string) => Promise<readonly Original[]>;
  /** The command that reads them; `scratch` is empty before each call. */
  readonly command: (folder: string, scratch: string, original: Original) => readonly string[];
  /** How files that are left out are told, where that is not by their names; its group says how many. */
  readonly leftOut?: RegExp;
  /** Files that are damaged for one command, where what is wrong with one does not end it. */
  readonly together?: number;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const ROWS = 8;
const WIDTH = 4;

function embeddings(seed: number): Float32Array {
  const stream = openStream(randomKey(seed));
  return Float32Array.from({ length: ROWS * WIDTH }, () => stream.normal());
}
const npyOf = (seed: number): Uint8Array => writeNpy(float32(embeddings(seed), [ROWS, WIDTH]));
async function write(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
const auditOf = (training: string, folder: string, scratch: string, ...more: string[]): string[] => [
  'audit',
  ...['--train', join(folder, training), '--generated', join(folder, 'generated.npy'), '--runs-dir', scratch],
  ...['--permutations', '20', ...more],
];

/** Names of scans can be names of persons. */
const LEFT_OUT = /(\d+) files? or series needs? a look/;
const TOGETHER = 25;
const numbers = (first: number, n: number): number[] => Array.from({ length: n }, (_, i) => first + i);
const medical = (folder: string, scratch: string): string[] => [
  ...['audit', 'medical', '--train', join(folder, 'train'), '--generated', join(folder, 'generated')],
  ...['--runs-dir', scratch, '--permutations', '19'],
];

const CLIPS_LEFT_OUT = /(\d+) files? could not be read as clips/;
const clips = (folder: string, scratch: string): string[] => [
  ...['audit', 'video', '--train', join(folder, 'train'), '--generated', join(folder, 'generated')],
  ...['--runs-dir', scratch, '--permutations', '19'],
];

const OFFICIAL = join('bench', 'one.json');

export const DOORS: Readonly<Record<string, Door>> = {
  npy: {
    prepare: async folder => {
      await write(folder, { 'train.npy': npyOf(1), 'generated.npy': npyOf(2) });
      return [{ name: 'train.npy', text: false }];
    },
    command: (folder, scratch) => auditOf('train.npy', folder, scratch),
  },
  safetensors: {
    prepare: async folder => {
      const tensors = { embeddings: float32(embeddings(1), [ROWS, WIDTH]) };
      await write(folder, { 'train.safetensors': writeSafetensors(tensors), 'generated.npy': npyOf(2) });
      return [{ name: 'train.safetensors', text: true }];
    },
    command: (folder, scratch) => auditOf('train.safetensors', folder, scratch),
  },
  'ONNX and card': {
    prepare: async folder => {
      await writeModel(folder, channelMeans(), cardFor());
      await write(folder, { 'images/a.png': await encodePng(drawing(1)), 'images/b.png': await encodePng(drawing(2)) });
      return [
        { name: 'model.onnx', text: false },
        { name: 'model.json', text: true },
      ];
    },
    command: (folder, scratch) => [
      ...['faces', 'embed', join(folder, 'images'), '--embedder', join(folder, 'model.onnx')],
      ...['--output', join(scratch, 'rows.npy')],
    ],
  },
  CSV: {
    prepare: async folder => {
      const lines = Array.from({ length: ROWS }, (_, i) => `${i},${i % 2 === 0 ? 'woman' : 'man'},"${20 + i}"`);
      await write(folder, {
        'train.npy': npyOf(1),
        'generated.npy': npyOf(2),
        'labels.csv': `file,gender,age\n${lines.join('\n')}\n`,
      });
      return [{ name: 'labels.csv', text: true }];
    },
    command: (folder, scratch) => auditOf('train.npy', folder, scratch, '--labels', join(folder, 'labels.csv')),
  },
  'image formats': {
    prepare: async folder => {
      const { width, height, data } = drawing(1);
      const raw = () => sharp(data, { raw: { width, height, channels: 3 } });
      const bmpHeader = Buffer.alloc(54);
      bmpHeader.write('BM');
      bmpHeader.writeUInt32LE(54 + data.length, 2);
      bmpHeader.writeUInt32LE(54, 10);
      bmpHeader.writeUInt32LE(40, 14);
      bmpHeader.writeInt32LE(width, 18);
      bmpHeader.writeInt32LE(height, 22);
      bmpHeader.writeUInt16LE(1, 26);
      bmpHeader.writeUInt16LE(24, 28);
      const grey = Buffer.from(data.filter((_, i) => i % 3 === 0));
      const images: Record<string, Uint8Array> = {
        'a.png': await raw().png().toBuffer(),
        'a.jpg': await raw().jpeg().toBuffer(),
        'a.webp': await raw().webp().toBuffer(),
        'a.gif': await raw().gif().toBuffer(),
        'a.tiff': await raw().tiff({ compression: 'lzw' }).toBuffer(),
        'a.avif': await raw().avif().toBuffer(),
        'a.bmp': Buffer.concat([bmpHeader, data]),
        'a.ppm': Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), data]),
        'a.pgm': Buffer.concat([Buffer.from(`P5\n${width} ${height}\n255\n`), grey]),
      };
      // One benchmark a format, of a question that shows the image.
      for (const [name, bytes] of Object.entries(images)) {
        const line = JSON.stringify(makeQuestion({ id: 'q/1', paths: [name] }));
        await write(folder, {
          [join(name.slice(2), name)]: bytes,
          [join(name.slice(2), 'questions.jsonl')]: `${line}\n`,
        });
      }
      return Object.keys(images).map(name => ({ name: join(name.slice(2), name), text: false }));
    },
    command: (folder, _, { name }) => ['bench', 'lint', '--from', join(folder, dirname(name))],
  },
  Parquet: {
    prepare: async folder => {
      const names = ['questions-snappy.parquet', 'questions-zstd.parquet', 'questions-other-names.parquet'];
      for (const name of names) await cp(here(`../bench/fixtures/${name}`), join(folder, name));
      return names.map(name => ({ name, text: false }));
    },
    command: (folder, _, { name }) => ['bench', 'lint', '--from', join(folder, name)],
  },
  'FaceXBench JSON': {
    prepare: async folder => {
      const question = {
        image_paths: ['images/1.png'],
        question_text: 'Which range holds the yaw?',
        options: [-10, 0, 10, 20],
        correct_answer_option: 'B',
        answer: '0',
      };
      await writeOfficial(join(folder, 'bench'), [
        {
          stem: 'one',
          header: header('face_localization', 'headpose', 'biwi', 'single'),
          questions: { 1: question },
        },
      ]);
      await write(folder, { 'bench/images/1.png': await encodePng(drawing(1)) });
      return [{ name: OFFICIAL, text: true }];
    },
    command: folder => ['bench', 'lint', '--from', join(folder, 'bench')],
  },
  JSONL: {
    prepare: async folder => {
      const questions = [1, 2, 3].map(i => JSON.stringify(makeQuestion({ id: `q/${i}`, paths: [`${i}.png`] })));
      for (const i of [1, 2, 3]) await write(folder, { [`bench/${i}.png`]: await encodePng(drawing(i)) });
      await write(folder, { 'bench/questions.jsonl': `${questions.join('\n')}\n` });
      return [{ name: join('bench', 'questions.jsonl'), text: true }];
    },
    command: folder => ['bench', 'lint', '--from', join(folder, 'bench')],
  },
  DICOM: {
    prepare: async folder => {
      const image = (seed: number) => {
        const stream = openStream(randomKey(seed));
        const pixels = Uint16Array.from({ length: 12 * 12 }, () => stream.integer(4000));
        return dicomOf({ rows: 12, columns: 12, pixels, more: [explicit(0x00081140, 'SQ', '')] });
      };
      const damaged = numbers(10, TOGETHER).map(i => `train/${i}.dcm`);
      for (const name of damaged) await write(folder, { [name]: image(1) });
      await write(folder, Object.fromEntries([2, 3].map(i => [`train/${i}.dcm`, image(i)])));
      await write(folder, Object.fromEntries([4, 5].map(i => [`generated/${i}.dcm`, image(i)])));
      return damaged.map(name => ({ name, text: false }));
    },
    command: medical,
    leftOut: LEFT_OUT,
    together: TOGETHER,
  },
  NIfTI: {
    prepare: async folder => {
      const volume = (seed: number, second: boolean) => {
        const stream = openStream(randomKey(seed));
        return niftiOf(
          [6, 5, 4],
          Int16Array.from({ length: 120 }, () => stream.integer(4000)),
          { second, slope: 2 },
        );
      };
      const damaged = numbers(10, TOGETHER).map(i => `train/${i}.nii${i % 3 === 2 ? '.gz' : ''}`);
      for (const [i, name] of damaged.entries()) {
        const bytes = volume(1, i % 3 === 1);
        await write(folder, { [name]: name.endsWith('.gz') ? gzipSync(bytes) : bytes });
      }
      for (const [set, seeds] of [
        ['train', [2, 3]],
        ['generated', [4, 5]],
      ] as const)
        await write(folder, Object.fromEntries(seeds.map(i => [`${set}/${i}.nii`, volume(i, i === 2)])));
      return damaged.map(name => ({ name, text: false }));
    },
    command: medical,
    leftOut: LEFT_OUT,
    together: TOGETHER,
  },
  texts: {
    prepare: async folder => {
      const text = 'A run of words that stands in both of them, long enough to count as one and then some more. ';
      const lines = [1, 2, 3].map(i => JSON.stringify({ text: `${text}${i}` })).join('\n');
      await write(folder, { 'generated/a.txt': `In front. ${text}`, 'train/a.txt': text });
      const kinds = [
        ['txt', text],
        ['jsonl', lines],
        ['jsonl.gz', gzipSync(lines)],
        ['txt.zst', zstdCompressSync(text)],
      ] as const;
      const originals: Original[] = [];
      for (const i of numbers(1, TOGETHER)) {
        const [ending, content] = kinds[i % kinds.length]!;
        const name = join('train', `${i}.${ending}`);
        await write(folder, { [name]: content });
        originals.push({ name, text: typeof content === 'string' });
      }
      return originals;
    },
    command: (folder, scratch) => [
      ...['audit', 'text', '--train', join(folder, 'train'), '--generated', join(folder, 'generated')],
      ...['--runs-dir', scratch],
    ],
    leftOut: /(\d+) (?:file or row|files or rows) could not be read/,
    together: TOGETHER,
  },
  'tokenizers of texts': {
    prepare: async folder => {
      const text = 'A run of words that stands in both of them, long enough to count as one and then some more. ';
      await write(folder, { 'generated/a.txt': `In front. ${text}`, 'train/a.txt': text });
      const originals: Original[] = [];
      for (const [kind, { tokenizer }] of Object.entries(tokenizers.made)) {
        const name = `${kind.replaceAll(' ', '-')}.json`;
        await write(folder, { [name]: JSON.stringify(tokenizer) });
        originals.push({ name, text: true });
      }
      return originals;
    },
    command: (folder, scratch, { name }) => [
      ...['audit', 'text', '--train', join(folder, 'train'), '--generated', join(folder, 'generated')],
      ...['--tokenizer', join(folder, name), '--runs-dir', scratch],
    ],
  },
  animations: {
    prepare: async folder => {
      const frames = [1, 2, 3, 4].map(i => drawing(i));
      const { width, height } = frames[0]!;
      const raw = { width, height: height * frames.length, channels: 3 as const, pageHeight: height };
      const pixels = () => sharp(Buffer.concat(frames.map(({ data }) => data)), { raw });
      const delay = frames.map(() => 200);
      const [gif, webp] = [await pixels().gif({ delay }).toBuffer(), await pixels().webp({ delay }).toBuffer()];
      await write(folder, {
        'train/a.gif': gif,
        'train/b.webp': webp,
        'generated/a.gif': gif,
        'generated/b.webp': webp,
      });
      const names = numbers(10, TOGETHER).map(i => `train/${i}.${i % 2 === 0 ? 'gif' : 'webp'}`);
      for (const name of names) await write(folder, { [name]: name.endsWith('gif') ? gif : webp });
      return names.map(name => ({ name, text: false }));
    },
    command: clips,
    leftOut: CLIPS_LEFT_OUT,
    together: TOGETHER,
  },
  'videos through ffmpeg': {
    prepare: async folder => {
      if (ffmpegPath === null)
        throw new Error('there is no ffmpeg: node scripts/setup.js --browser fetches one with pip');
      const frames = numbers(1, 8).map(i => drawing(i));
      const endings = ['mp4', 'mkv', 'webm', 'mov'];
      await mkdir(join(folder, 'train'), { recursive: true });
      await mkdir(join(folder, 'generated'), { recursive: true });
      for (const ending of endings) {
        const codec = ending === 'webm' ? ['-c:v', 'libvpx', '-b:v', '500k'] : undefined;
        const path = join(folder, 'generated', `a.${ending}`);
        writeVideo(path, frames, { rate: 8, ...(codec === undefined ? {} : { options: codec }) });
        await cp(path, join(folder, 'train', `a.${ending}`));
      }
      const originals: Original[] = [];
      for (const i of numbers(10, TOGETHER)) {
        const ending = endings[i % endings.length]!;
        originals.push({ name: join('train', `${i}.${ending}`), text: false });
        await cp(join(folder, 'train', `a.${ending}`), join(folder, originals.at(-1)!.name));
      }
      return originals;
    },
    command: (folder, scratch) => [...clips(folder, scratch), '--ffmpeg', ffmpegPath!],
    leftOut: CLIPS_LEFT_OUT,
    together: TOGETHER,
  },
  'diffusers folder': {
    prepare: async folder => {
      await cp(here('../diffusion/fixtures/unet-plain'), join(folder, 'model'), { recursive: true });
      return [
        { name: join('model', 'model_index.json'), text: true },
        { name: join('model', 'unet', 'config.json'), text: true },
        { name: join('model', 'scheduler', 'scheduler_config.json'), text: true },
        { name: join('model', 'unet', 'diffusion_pytorch_model.safetensors'), text: true },
      ];
    },
    command: (folder, scratch) => [
      ...['diffusion', 'sample', '--model', join(folder, 'model'), '--number', '1', '--steps', '1'],
      ...['--output', join(scratch, 'samples')],
    ],
  },
  'run folder': {
    prepare: async folder => {
      const runs = resolve(here('../app/fixtures/runs-of-1a60878/runs'));
      const names = [
        '2026-11-27T23-04-05-audit-done',
        '2026-11-27T23-04-39-bench-done',
        '2026-11-27T23-52-53-bench-stopped',
      ];
      const originals: Original[] = [];
      for (const name of names) {
        await cp(join(runs, name), join(folder, 'runs', name), { recursive: true });
        for (const file of ['run.json', 'report.json', 'items.jsonl']) {
          const inside = join('runs', name, file);
          const there = await readFile(join(folder, inside)).catch(() => null);
          if (there !== null) originals.push({ name: inside, text: true });
        }
      }
      return originals;
    },
    command: (folder, _, { name }) => {
      const id = name.split(/[\\/]/)[1]!;
      const verb = name.endsWith('report.json') ? 'report' : 'show';
      return ['runs', verb, id, '--runs-dir', join(folder, 'runs')];
    },
  },
};
