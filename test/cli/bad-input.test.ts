import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labelReportSchema } from '../../src/ground/contracts/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { decodeImage, encodeJpeg } from '../../src/kit/images/index.ts';
import { float32, writeNpy } from '../../src/kit/tensor/index.ts';
import { biolens } from './biolens.ts';

const folder = mkdtempSync(join(tmpdir(), 'biolens-cli-'));
const runsDir = join(folder, 'runs');
const faces = join(folder, 'faces');

beforeAll(async () => {
  for await (const _ of renderFaces(faces, { n: 6, size: 128, seed: 3 }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The one line of an error: what is left of standard error once the lines of progress are gone. */
const errorLine = (err: string) => err.split('\n').filter(line => line.startsWith('biolens:'));

async function expectRefusal(args: string[], message: string | RegExp): Promise<void> {
  const { code, out, err } = await biolens(...args);
  expect(errorLine(err)).toHaveLength(1);
  typeof message === 'string'
    ? expect(errorLine(err)[0]).toContain(message)
    : expect(errorLine(err)[0]).toMatch(message);
  expect(code).toBe(2);
  expect(out).toBe('');
}

function folderOf(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}

/** A PNG of 30,000 × 30,000 pixels in a few bytes: its header alone is honest. */
function bombPng(): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    check.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(30_000, 0);
  header.writeUInt32BE(30_000, 4);
  header.set([8, 2], 8);
  const body = deflateSync(new Uint8Array(1000));
  return Buffer.concat([
    Uint8Array.of(0x89, 80, 78, 71, 13, 10, 26, 10),
    chunk('IHDR', header),
    chunk('IDAT', body),
    chunk('IEND', new Uint8Array()),
  ]);
}

const npy = (rows: number, cols: number, change: (data: Float32Array) => void = () => undefined) => {
  const data = Float32Array.from({ length: rows * cols }, (_, i) => Math.sin(i * i + 1));
  change(data);
  return writeNpy(float32(data, [rows, cols]));
};

describe('faces', () => {
  test('an empty folder', async () => {
    const empty = folderOf('empty', {});
    await expectRefusal(['faces', 'label', empty], `${empty}: no images found`);
  });

  test('a folder that is not there', async () => {
    await expectRefusal(['faces', 'label', join(folder, 'nowhere')], 'nowhere: no such file or folder');
  });

  test('a truncated JPEG, a bomb and a text called .png among good images are named, skipped and counted', async () => {
    const good = readFileSync(join(faces, '000001.png'));
    const jpeg = await encodeJpeg(await decodeImage(good), { quality: 90 });
    const mixed = folderOf('mixed', {
      'a.png': good,
      'b.jpg': jpeg.subarray(0, jpeg.length / 2),
      'c.png': bombPng(),
      'd.png': 'just text',
      'e.jpg': jpeg,
    });
    const { code, out } = await biolens('faces', 'label', mixed, '--json');
    expect(code).toBe(0);
    const report = labelReportSchema.parse(JSON.parse(out));
    expect(report.items.map(({ file }) => file)).toEqual(['a.png', 'e.jpg']);
    expect(report.skipped).toEqual([
      { file: 'b.jpg', reason: 'truncated JPEG image' },
      { file: 'c.png', reason: expect.stringContaining('30,000 × 30,000') },
      { file: 'd.png', reason: expect.stringContaining('not an image') },
    ]);
  });

  test('nothing but unusable images', async () => {
    const bad = folderOf('bad', { 'x.png': 'text' });
    await expectRefusal(
      ['faces', 'label', bad, '--json'],
      `${bad}: none of its 1 images could be used (x.png: not an image`,
    );
    await expectRefusal(['faces', 'embed', bad, '-o', join(folder, 'bad.npy')], 'none of its 1 images could be used');
    expect(existsSync(join(folder, 'bad.npy'))).toBe(false);
  });

  test('an output that cannot be written leaves nothing', async () => {
    const target = join(folder, 'nowhere', 'x.npy');
    await expectRefusal(['faces', 'embed', faces, '-o', target], /x\.(files\.csv|npy)/);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('a folder that has files already is not drawn into', async () => {
    await expectRefusal(['faces', 'render', '-n', '3', '-o', faces], `${faces}: has files in it already`);
  });
});

describe('audit', () => {
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const audit = (...args: string[]) => ['audit', ...args, '--runs-dir', runsDir];

  test.each<[string, () => string[], RegExp]>([
    [
      'embeddings of two widths',
      () => ['--train', file('a.npy', npy(40, 8)), '--generated', file('b.npy', npy(30, 9))],
      /b\.npy: embeddings are 9 wide, .*a\.npy are 8/,
    ],
    [
      'a NaN in an embedding',
      () => [
        '--train',
        file('c.npy', npy(40, 8)),
        '--generated',
        file(
          'd.npy',
          npy(30, 8, data => data.fill(Number.NaN, 20, 21)),
        ),
      ],
      /d\.npy: .*row 2/,
    ],
    [
      'one row only',
      () => ['--train', file('e.npy', npy(40, 8)), '--generated', file('f.npy', npy(1, 8))],
      /f\.npy: one row only/,
    ],
    [
      'one image only',
      () => ['--train', faces, '--generated', folderOf('one', { 'a.png': readFileSync(join(faces, '000001.png')) })],
      /one: one image only/,
    ],
    [
      'a truncated .npy',
      () => ['--train', file('g.npy', npy(40, 8).subarray(0, 700)), '--generated', file('h.npy', npy(30, 8))],
      /g\.npy: cut short/,
    ],
    [
      'labels for files that do not exist',
      () => [
        '--train',
        faces,
        '--generated',
        faces,
        '--labels',
        file('labels.csv', Buffer.from('file,gender\nghost.png,male\n')),
      ],
      /labels\.csv: .*ghost\.png/,
    ],
    [
      'a file that is neither',
      () => ['--train', faces, '--generated', file('x.txt', Buffer.from('hello'))],
      /x\.txt: expected a folder of images, or a \.npy, \.npz or \.safetensors file, or a \.zip, \.tar or \.parquet file of images/,
    ],
    [
      'a path that is not there',
      () => ['--train', join(folder, 'none'), '--generated', faces],
      /none: there is no such file or folder/,
    ],
    [
      'an embedder without its card',
      () => ['--train', faces, '--generated', faces, '--embedder', file('m.onnx', Buffer.from('onnx'))],
      /m\.(onnx|json)/,
    ],
    [
      'a gate that names nothing',
      () => ['--train', faces, '--generated', faces, '--fail-on', 'copies'],
      /--fail-on expected a condition/,
    ],
    [
      'a target that is no share',
      () => ['--train', faces, '--generated', faces, '--target', 'gender=half'],
      /--target expected/,
    ],
  ])('%s', async (_, args, message) => {
    await expectRefusal(audit(...args()), message);
    expect(existsSync(runsDir) ? readdirSync(runsDir) : []).toEqual([]);
  });

  test('an unknown option, a missing one and a bad number are usage errors', async () => {
    await expectRefusal(['audit', '--generated', faces], '--train is missing');
    await expectRefusal(
      audit('--train', faces, '--generated', faces, '--fdr', '2'),
      '--fdr expected a number above 0 and below 1',
    );
    await expectRefusal(['audti'], /there is no verb "audti", there are audit, .*faces/);
  });
});

// Root may read everything, so the command runs as somebody else; where that cannot be, it runs as who we are.
const isRoot = process.getuid?.() === 0;
const bin = join(import.meta.dirname, '../../bin/biolens.js');
const asNobody = isRoot ? { uid: 65534, gid: 65534 } : {};
const nobodyCanRun = spawnSync(process.execPath, [bin, '--version'], { ...asNobody, cwd: tmpdir() }).status === 0;

describe.skipIf(process.platform === 'win32' || !nobodyCanRun)(
  'without permission (needs a user who may not read everything)',
  () => {
    test('a folder without read permission', () => {
      const locked = folderOf('locked', { 'a.png': 'x' });
      chmodSync(folder, 0o755);
      chmodSync(locked, 0o000);
      const { status, stderr } = spawnSync(process.execPath, [bin, 'faces', 'label', locked], {
        ...asNobody,
        cwd: tmpdir(),
        encoding: 'utf8',
      });
      chmodSync(locked, 0o755);
      expect(stderr.replace(/^working: .*\n/gm, '')).toBe(`biolens: ${locked}: no permission to read it\n`);
      expect(status).toBe(2);
    });
  },
);

function canMount(): boolean {
  if (process.platform !== 'linux' || !isRoot) return false;
  const point = mkdtempSync(join(tmpdir(), 'biolens-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', point], { stdio: 'ignore' });
    execFileSync('umount', [point]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(point, { recursive: true });
  }
}

describe.skipIf(!canMount())('a full disk (needs the right to mount a small one)', () => {
  test('is named, exits with 2 and leaves nothing half-written', async () => {
    const point = mkdtempSync(join(folder, 'full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', point]);
    try {
      const { code, out, err } = await biolens(
        'faces',
        'render',
        '-n',
        '40',
        '--size',
        '128',
        '-o',
        join(point, 'drawn'),
      );
      expect(errorLine(err)).toHaveLength(1);
      expect(errorLine(err)[0]).toMatch(/drawn.*(disk is full|no space left)/);
      expect([code, out]).toEqual([2, '']);
      expect(readdirSync(point)).toEqual([]);

      writeFileSync(join(point, 'filler'), new Uint8Array(60 * 1024));
      await expectRefusal(
        ['faces', 'embed', faces, '-o', join(point, 'x.npy')],
        /x\.(npy|files\.csv): .*(disk is full|no space left)/,
      );
      expect(
        readdirSync(point).filter(name => name.endsWith('.npy') || name.includes('part') || name.includes('tmp')),
      ).toEqual([]);

      await expectRefusal(
        ['audit', '--train', faces, '--generated', faces, '--runs-dir', join(point, 'runs')],
        /runs.*(disk is full|no space left)/,
      );
    } finally {
      execFileSync('umount', ['-l', point]);
    }
  });
});
