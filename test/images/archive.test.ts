import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePng, openArchive, readFromArchive, readImages } from '../../src/kit/images/index.ts';
import { pattern, temporaryFolder } from './pictures.ts';

const PNG = Buffer.from(await encodePng(pattern(9, 7)));

interface Packed {
  readonly name: string;
  readonly data: Uint8Array;
  readonly stored?: boolean;
  readonly encrypted?: boolean;
}

/** A ZIP file as others write it: local headers, data, directory, end. */
function zip(files: readonly Packed[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored = false, encrypted = false } of files) {
    const packed = stored ? Buffer.from(data) : deflateRawSync(data);
    const own = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(encrypted ? 1 : 0, 2);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(own.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, own, packed]);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02', 'latin1');
    common.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, own);
    parts.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}

/** A tar file in the ustar format. */
function tar(files: readonly Packed[], type = '0'): Buffer {
  const parts = files.flatMap(({ name, data }) => {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100));
    header.write('0000644\0', 100);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, Buffer.from(data), Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function save(name: string, bytes: Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

const text = (content: string) => Buffer.from(content);

describe.each([
  ['a ZIP file', 'x.zip', zip],
  ['a tar file', 'x.tar', tar],
] as const)('%s', (_, name, pack) => {
  test('is listed as a folder is, read without unpacking, with its labels', async () => {
    const path = save(
      name,
      pack([
        { name: 'faces/b.png', data: PNG, stored: true },
        { name: 'faces/a.png', data: PNG },
        { name: 'faces/labels.csv', data: text('file,gender\na.png,male\nb.png,female\n') },
        { name: '__MACOSX/faces/._a.png', data: PNG },
        { name: 'faces/.hidden.png', data: PNG },
        { name: 'faces/notes.txt', data: text('x') },
        { name: 'faces/bad.png', data: text('no image') },
      ]),
    );
    const { files, labels } = await openArchive(path);
    expect(files.map(({ file }) => file)).toEqual(['faces/a.png', 'faces/b.png', 'faces/bad.png']);
    expect([...(labels?.byFile ?? [])]).toEqual([
      ['faces/a.png', { gender: 'male' }],
      ['faces/b.png', { gender: 'female' }],
    ]);
    const read = await Array.fromAsync(readImages(files, { digest: true }));
    expect(read.map(item => ('image' in item ? item.image.width : item.skipped.slice(0, 12)))).toEqual([
      9,
      9,
      'not an image',
    ]);
    expect(read[0]?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFromArchive(path, 'faces/a.png')).toEqual(new Uint8Array(PNG));
    expect(await readFromArchive(path, 'faces/none.png')).toBeNull();
  });

  test('names that lead out of it are skipped, and one name twice is refused', async () => {
    const path = save(
      name,
      pack([
        { name: '../../etc/a.png', data: PNG },
        { name: '/abs/b.png', data: PNG },
        { name: 'c.png', data: PNG },
      ]),
    );
    const { files } = await openArchive(path);
    const read = await Array.fromAsync(readImages(files));
    expect(read.map(item => [item.file, 'image' in item ? 'read' : item.skipped])).toEqual([
      ['../../etc/a.png', 'a name that leads out of the archive'],
      ['abs/b.png', 'read'],
      ['c.png', 'read'],
    ]);
    const twice = save(
      name,
      pack([
        { name: 'a.png', data: PNG },
        { name: './a.png', data: PNG },
      ]),
    );
    await expect(openArchive(twice)).rejects.toThrow(`${twice}: "a.png" is in it twice`);
  });

  test('without images, empty, or of another kind, it is refused in one line', async () => {
    for (const bytes of [pack([{ name: 'a.txt', data: text('x') }]), Buffer.alloc(0), text('hello there')]) {
      const path = save(name, bytes);
      await expect(openArchive(path)).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining(`${path}: `),
      });
    }
  });

  test('damaged in any way it ends in one line or in skipped images', async () => {
    const whole = pack([
      { name: 'a.png', data: PNG },
      { name: 'b/c.png', data: PNG },
      { name: 'labels.csv', data: text('file,x\na.png,1\n') },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.option(fc.nat(whole.length)),
        async (changes, length) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          const path = save(name, length === null ? bytes : bytes.subarray(0, length));
          try {
            const { files } = await openArchive(path);
            await Array.fromAsync(readImages(files, { maxPixels: 1e6 }));
          } catch (error) {
            expect(error).toMatchObject({ code: 'input', message: expect.stringMatching(/^[^\n]+$/) });
          }
        },
      ),
      { numRuns: 120, seed: 3 },
    );
  }, 60_000);
});

test('a WebDataset: annotations beside the images are labels', async () => {
  const path = save(
    'shard-000.tar',
    tar([
      { name: '0001.png', data: PNG },
      { name: '0001.json', data: text('{"gender": "Male", "age": 30, "deep": {"x": 1}, "note": null}') },
      { name: '0002.png', data: PNG },
      { name: '0002.json', data: text('{"gender": "nan"') },
      { name: '0002.cls', data: text('7\n') },
    ]),
  );
  const { labels } = await openArchive(path);
  expect(labels?.attributes).toEqual(['gender', 'age', 'class']);
  expect([...(labels?.byFile ?? [])]).toEqual([
    ['0001.png', { gender: 'Male', age: '30' }],
    ['0002.png', { class: '7' }],
  ]);
});

test('an encrypted file, a bomb and one whose size is a lie are skipped', async () => {
  const bomb = { name: 'bomb.png', data: new Uint8Array(70 * 2 ** 20) };
  const path = save('x.zip', zip([bomb, { name: 'locked.png', data: PNG, encrypted: true }]));
  const read = await Array.fromAsync(readImages((await openArchive(path)).files));
  expect(read.map(item => 'skipped' in item && item.skipped)).toEqual(['more than 67108864 bytes', 'encrypted']);
  const lie = zip([{ name: 'a.png', data: new Uint8Array(2 ** 20) }]);
  // The directory says that it unpacks to 10 bytes.
  lie.writeUInt32LE(10, lie.lastIndexOf('PK\x01\x02') + 24);
  const [first] = await Array.fromAsync(readImages((await openArchive(save('y.zip', lie))).files));
  expect(first).toMatchObject({ skipped: 'damaged in the archive' });
});

const hasTar = (() => {
  try {
    execFileSync('tar', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasTar).each(['gnu', 'posix', 'ustar'])(
  'what tar --format=%s writes, long names included',
  async format => {
    const folder = temporaryFolder();
    const long = `${'a-long-folder-name/'.repeat(format === 'ustar' ? 6 : 10)}image.png`;
    for (const file of ['1.png', long]) {
      mkdirSync(join(folder, 'set', dirname(file)), { recursive: true });
      writeFileSync(join(folder, 'set', file), PNG);
    }
    const path = join(folder, 'x.tar');
    execFileSync('tar', ['-C', join(folder, 'set'), `--format=${format}`, '-cf', path, '.']);
    const { files } = await openArchive(path);
    expect(files.map(({ file }) => file)).toEqual(['1.png', long]);
    expect(Buffer.from((await files[1]?.load?.()) ?? []).equals(readFileSync(join(folder, 'set', long)))).toBe(true);
  },
);
