import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { encodePng } from '../../src/kit/images/encode.ts';
import { listImages, mapImages, readImages } from '../../src/kit/images/folder.ts';
import { pattern, temporaryFolder } from './pictures.ts';

const PNG = await encodePng(pattern(6, 5));

/** Files with this content, folders made on the way. */
function fill(folder: string, files: readonly string[], content: string | Uint8Array = ''): string {
  for (const file of files) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

const names = async (folder: string): Promise<string[]> =>
  (await Array.fromAsync(listImages(folder))).map(({ file }) => file);

describe('listImages', () => {
  test('lists images in the order of the bytes of their paths', async () => {
    const files = [
      'b.png',
      'a/x.jpg',
      'a/b/y.WEBP',
      'a.png',
      'a-b.gif',
      'A.tiff',
      'é.avif',
      'z/1.jpeg',
      '\u{1f600}.png',
      '\uffe0.png',
    ];
    const expected = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await names(fill(temporaryFolder(), files))).toEqual(expected);
    // The order of UTF-16 units would put the emoji first, and folders apart from files would put a/ last or first.
    expect(expected).not.toEqual(files.toSorted());
  });

  test('any tree comes sorted, whole and once', async () => {
    const part = fc.stringMatching(/^[a-c.-]{1,3}$/).filter(name => !name.startsWith('.') && !name.endsWith('.'));
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 8 }), async paths => {
        const folder = mkdtempSync(join(tmpdir(), 'biolens-images-'));
        try {
          const files = paths.map(stem => `${stem}.png`);
          fill(folder, files);
          expect(await names(folder)).toEqual(files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: 40 },
    );
  });

  test('passes over what is no image, and lists images that cannot be decoded', async () => {
    const ignored = [
      'labels.csv',
      'Thumbs.db',
      '.hidden.png',
      '.git/x.png',
      '__MACOSX/x.png',
      'notes.txt',
      'png',
      'model.onnx',
    ];
    const listed = ['a.heic', 'b.bmp', 'c.svg', 'd.PNG', 'e.jxl'];
    expect(await names(fill(temporaryFolder(), [...ignored, ...listed]))).toEqual(listed);
  });

  test('follows links, and loops end', async () => {
    const folder = fill(temporaryFolder(), ['a/1.png', 'b/2.png']);
    symlinkSync('..', join(folder, 'a', 'up'));
    symlinkSync('../a', join(folder, 'b', 'to-a'));
    symlinkSync('1.png', join(folder, 'a', 'linked.png'));
    symlinkSync('nowhere.png', join(folder, 'a', 'broken.png'));
    expect(await names(folder)).toEqual(['a/1.png', 'a/broken.png', 'a/linked.png', 'b/2.png']);
    // A folder that is only reached through a link is listed under the link's name.
    const other = temporaryFolder();
    symlinkSync(folder, join(other, 'link'));
    expect(await names(other)).toEqual(['link/a/1.png', 'link/a/broken.png', 'link/a/linked.png', 'link/b/2.png']);
  });

  test('a folder of 2,000', async () => {
    const files = Array.from({ length: 2000 }, (_, i) => `${i % 7}/${i}.jpg`);
    expect(await names(fill(temporaryFolder(), files))).toHaveLength(2000);
  });

  test.each([
    ['missing', (folder: string) => join(folder, 'none'), 'no such file or folder'],
    ['a file', (folder: string) => join(fill(folder, ['f.png']), 'f.png'), 'not a folder'],
    ['empty', (folder: string) => folder, 'no images found (JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM)'],
    ['without pictures', (folder: string) => fill(folder, ['labels.csv', 'sub/x.txt']), 'no images found'],
  ])('%s', async (_, make, why) => {
    const folder = make(temporaryFolder());
    const error = await names(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BiolensError);
    expect(error).toMatchObject({ code: 'input', message: expect.stringContaining(`${folder}: ${why}`) });
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(process.platform === 'win32')('a folder without read permission is named (not on Windows)', () => {
    const folder = fill(temporaryFolder(), ['ok/1.png', 'locked/2.png']);
    for (const path of [folder, join(folder, 'ok')]) chmodSync(path, 0o755);
    chmodSync(join(folder, 'locked'), 0o000);
    const module = resolve(import.meta.dirname, '../../src/kit/images/folder.ts');
    // Root reads everything, so the child gives its rights away once the code is loaded.
    const script = `
      const { listImages } = await import(${JSON.stringify(module)});
      if (${isRoot}) process.seteuid(65534);
      try { for await (const image of listImages(${JSON.stringify(folder)})) console.log(image.file); }
      catch (error) { console.log(error.code, error.message); }`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    chmodSync(join(folder, 'locked'), 0o755);
    expect(child.stdout.trim()).toBe(`input ${join(folder, 'locked')}: no permission to read it`);
  });

  test('an aborted signal interrupts', async () => {
    const folder = fill(temporaryFolder(), ['1.png', '2.png']);
    const controller = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      for await (const { file } of listImages(folder, { signal: controller.signal })) {
        seen.push(file);
        controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
    expect(seen).toEqual(['1.png']);
  });
});

describe('readImages', () => {
  test('yields in order, and says what was skipped', async () => {
    const folder = fill(temporaryFolder(), ['a.png', 'c.png', 'e/f.png'], PNG);
    fill(folder, ['b.png'], 'text');
    fill(folder, ['d.png'], PNG.subarray(0, 50));
    fill(folder, ['g.bmp'], 'BM');
    symlinkSync('nowhere', join(folder, 'h.png'));
    const read = await Array.fromAsync(readImages(folder));
    expect(read.map(item => [item.file, 'image' in item ? item.image.width : item.skipped])).toEqual([
      ['a.png', 6],
      ['b.png', 'not an image (JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM)'],
      ['c.png', 6],
      ['d.png', 'truncated PNG image'],
      ['e/f.png', 6],
      ['g.bmp', 'not an image (JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM)'],
      ['h.png', 'no such file or folder'],
    ]);
  });

  test('limits hold for each image', async () => {
    const folder = fill(temporaryFolder(), ['a.png'], PNG);
    const [read] = await Array.fromAsync(readImages(folder, { maxPixels: 10 }));
    expect(read).toEqual({ file: 'a.png', skipped: '6 × 5 = 30 pixels, more than the limit of 10' });
  });

  test('no more than the concurrency are under way or waiting', async () => {
    const folder = fill(
      temporaryFolder(),
      Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, '0')}.png`),
      PNG,
    );
    let [started, taken, most] = [0, 0, 0];
    const work = async () => {
      started++;
      most = Math.max(most, started - taken);
      await new Promise(done => setTimeout(done, started % 3));
      return started;
    };
    for await (const _ of mapImages(folder, { concurrency: 3 }, work)) taken++;
    expect([started, taken]).toEqual([12, 12]);
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
  });

  test('stopping early stops reading', async () => {
    const folder = fill(
      temporaryFolder(),
      Array.from({ length: 20 }, (_, i) => `${i}.png`),
      PNG,
    );
    let started = 0;
    for await (const _ of mapImages(folder, { concurrency: 2 }, () => ++started)) break;
    expect(started).toBeLessThanOrEqual(3);
  });

  test('a failure of the work is thrown, not skipped', async () => {
    const folder = fill(temporaryFolder(), ['1.png', '2.png', '3.png'], PNG);
    const work = (): number => {
      throw new Error('broken');
    };
    await expect(Array.fromAsync(mapImages(folder, {}, work))).rejects.toThrow('broken');
    await expect(Array.fromAsync(readImages(folder, { concurrency: 0 }))).rejects.toThrow(
      '"concurrency" expected a whole number ≥ 1, got 0',
    );
  });

  test('an aborted signal interrupts', async () => {
    const folder = fill(temporaryFolder(), ['1.png', '2.png', '3.png', '4.png'], PNG);
    const controller = new AbortController();
    const run = async () => {
      for await (const _ of readImages(folder, { concurrency: 1, signal: controller.signal })) controller.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
  });
});

test('folders in which systems keep thumbnails and deleted files are passed over', async () => {
  const folder = fill(temporaryFolder(), [
    '@eaDir/a.png/SYNOPHOTO_THUMB_XL.jpg',
    'album/@eaDir/x.jpg',
    '$RECYCLE.BIN/S-1-5/b.jpg',
    '$Recycle.Bin/c.jpg',
    '#recycle/d.jpg',
    'System Volume Information/e.jpg',
    '.thumbnails/f.png',
    'lost+found/g.png',
    'album/1.png',
    'eaDir/2.png',
  ]);
  expect(await names(folder)).toEqual(['album/1.png', 'eaDir/2.png']);
  // A folder that a user names is what the user means, whatever it is called.
  expect(await names(join(folder, '@eaDir'))).toEqual(['a.png/SYNOPHOTO_THUMB_XL.jpg']);
});
