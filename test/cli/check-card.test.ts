import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { auditJob } from '../../src/jobs/audit/index.ts';
import { hubModelPath } from '../../src/kit/faces/index.ts';
import { decodeImage } from '../../src/kit/images/index.ts';
import { parseConfiguration } from '../../src/kit/job/index.ts';
import { cardFor, channelMeans, fixedBoxes, temporaryFolder, writeModel } from '../faces/models.ts';
import { biolens } from './biolens.ts';

// Means of the picture of fixtures/torchvision-crops.py, numpy.asarray(picture(360, 270)).mean((0, 1)); of an embedding of three
// numbers, the first of each tenth are its first four times, its second three times, its third three times.
const MEANS = [127.003, 127.004, 121] as const;
const NUMBERS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2].map(i => MEANS[i]!);

async function cardOf(changes: Record<string, unknown>, run: (path: string, folder: string) => Promise<void>) {
  await using folder = await temporaryFolder();
  await run(await writeModel(folder.path, channelMeans(), cardFor(changes)), folder.path);
}

describe('biolens faces check-card', () => {
  test('numbers that agree', () =>
    cardOf({ check: { numbers: NUMBERS, tolerance: 0.01 }, license: 'MIT', source: 'here' }, async path => {
      const { code, out, err } = await biolens('faces', 'check-card', path);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('licence   MIT');
      expect(out).toContain('The numbers agree');
      const json = await biolens('faces', 'check-card', path, '--json');
      expect(JSON.parse(json.out)).toMatchObject({ schema: 'biolens/faces-check-card@1', agrees: true, model: path });
    }));

  test('numbers that differ, such as those of the channels the other way round', () =>
    cardOf({ check: { numbers: NUMBERS, tolerance: 0.01 }, input: { channels: 'bgr' } }, async path => {
      const { code, out, err } = await biolens('faces', 'check-card', path);
      expect(code).toBe(1);
      expect(out).toContain('The numbers differ');
      expect(err).toBe(`biolens: ${path}: gives other numbers for the picture than its card says\n`);
    }));

  test('a card without numbers, and a model that looks at faces, which is given the whole picture', () =>
    cardOf({ alignment: 'box' }, async path => {
      const { code, out } = await biolens('faces', 'check-card', path);
      expect(code).toBe(0);
      expect(out).toContain('The card has no numbers to compare with.');
    }));

  test('a detector, nothing at all, and a missing model', async () => {
    await using folder = await temporaryFolder();
    const output = { meaning: 'boxes', boxes: 'boxes', scores: 'scores' };
    const card = cardFor({ kind: 'detector', output });
    const path = await writeModel(folder.path, fixedBoxes([0, 0, 1, 1], [1]), card);
    expect((await biolens('faces', 'check-card', path)).err).toContain('kind expected embedder or classifier');
    expect((await biolens('faces', 'check-card')).code).toBe(2);
    const missing = await biolens('faces', 'check-card', join(folder.path, 'none.onnx'));
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('none.json') });
  });

  test('--picture writes what is compared on', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'check.png');
    expect((await biolens('faces', 'check-card', '--picture', path)).code).toBe(0);
    expect(await decodeImage(path)).toMatchObject({ width: 360, height: 270 });
  });
});

describe('hf:OWNER/NAME', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ['BIOLENS_MODELS', 'HF_HUB_CACHE', 'HF_HOME']) delete process.env[name];
    Object.assign(process.env, before);
  });

  test('a folder of models', () =>
    cardOf({}, async (path, folder) => {
      const own = join(folder, 'models', 'someone', 'net.v1', 'onnx');
      await mkdir(own, { recursive: true });
      await rename(path, join(own, 'model.onnx'));
      await writeFile(join(own, 'model.json'), JSON.stringify(cardFor()));
      process.env.BIOLENS_MODELS = join(folder, 'models');
      const { code, out } = await biolens('faces', 'check-card', 'hf:someone/net.v1', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out).model).toBe(join(own, 'model.onnx'));
      // What a run records is the file.
      const configuration = parseConfiguration(auditJob, {
        training: 'a',
        generated: 'b',
        embedder: 'hf:someone/net.v1',
      });
      expect(configuration.embedder).toBe(join(own, 'model.onnx'));
    }));

  test("the cache of Hugging Face's tools, with its links", () =>
    cardOf({}, async (path, folder) => {
      const repository = join(folder, 'hub', 'models--someone--net');
      const revision = '0123456789abcdef0123456789abcdef01234567';
      const snapshot = join(repository, 'snapshots', revision);
      await mkdir(snapshot, { recursive: true });
      await mkdir(join(repository, 'refs'));
      await mkdir(join(repository, 'blobs'));
      await writeFile(join(repository, 'refs', 'main'), revision);
      await rename(path, join(repository, 'blobs', 'x'));
      await symlink(join('..', '..', 'blobs', 'x'), join(snapshot, 'model.onnx'));
      await writeFile(join(snapshot, 'model.json'), JSON.stringify(cardFor()));
      process.env.HF_HUB_CACHE = join(folder, 'hub');
      expect((await biolens('faces', 'check-card', 'hf:someone/net')).code).toBe(0);
      expect(hubModelPath('hf:someone/net#gender=male')).toBe(`${join(snapshot, 'model.onnx')}#gender=male`);
    }));

  test.each(['hf:', 'hf:one', 'hf:../..', 'hf:a/../b', 'hf:.a/b', 'hf:a/b/c', 'hf:a\\b/c'])('%s is no name', spec => {
    expect(() => hubModelPath(spec)).toThrow('expected hf:OWNER/NAME');
  });

  test('one that is not there: the command that fetches it', async () => {
    await using folder = await temporaryFolder();
    process.env.HF_HUB_CACHE = folder.path;
    const { code, err } = await biolens('faces', 'check-card', 'hf:someone/net');
    expect(code).toBe(2);
    expect(err).toContain('hf download someone/net');
    process.env.BIOLENS_MODELS = folder.path;
    await mkdir(join(folder.path, 'someone', 'net'), { recursive: true });
    expect((await biolens('faces', 'check-card', 'hf:someone/net')).err).toContain('no model.onnx or onnx/model.onnx');
  });
});
