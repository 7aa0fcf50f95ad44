import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditConfigurationInput, auditRun, resumeAudit } from '../../../src/jobs/audit/index.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { digestFiles, readRunRecord } from '../../../src/kit/runs/index.ts';
import { finish } from '../simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-bad-files-'));
const training = join(root, 'training');
const generated = join(root, 'generated');
const bin = join(import.meta.dirname, '../../../bin/biolens.js');
const settings = { embedder: 'appearance', classifier: 'none', device: 'cpu', permutations: 19 } as const;

beforeAll(async () => {
  await finish(renderFaces(training, { n: 12, seed: 1, size: 48 }));
  await finish(renderFaces(generated, { n: 8, seed: 2, size: 48 }));
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
function copyOf(folder: string): string {
  const path = join(root, `copy-${count++}`);
  cpSync(folder, path, { recursive: true });
  return path;
}

async function audit(input: Partial<AuditConfigurationInput>) {
  const runsDir = join(root, `runs-${count++}`);
  const { result } = await finish(auditRun({ training, generated, ...settings, ...input }, { runsDir }));
  return { report: result, path: join(runsDir, readdirSync(runsDir).find(name => !name.startsWith('.')) ?? '') };
}

describe.skipIf(process.platform === 'win32')(
  'one bad file is one skipped line, never the end (not on Windows)',
  () => {
    test.each<[string, (folder: string) => void, string, string]>([
      ['a named pipe', folder => execFileSync('mkfifo', [join(folder, 'z.jpg')]), 'z.jpg', 'not a regular file'],
      [
        'a link that leads nowhere',
        folder => symlinkSync('/nonexistent/x.jpg', join(folder, 'z.jpg')),
        'z.jpg',
        'no such file or folder',
      ],
      [
        'a link that leads to itself',
        folder => symlinkSync('z.jpg', join(folder, 'z.jpg')),
        'z.jpg',
        'a symbolic link that leads back to itself',
      ],
      ['a device', folder => symlinkSync('/dev/zero', join(folder, 'z.jpg')), 'z.jpg', 'not a regular file'],
    ])('%s', async (_, add, file, reason) => {
      const folder = copyOf(generated);
      add(folder);
      const { report, path } = await audit({ generated: folder });
      expect(report.skipped).toEqual([{ set: 'generated', file, reason }]);
      expect(report.sets.generated).toMatchObject({ n: 9, embedded: 8 });
      expect(await readRunRecord(path)).toMatchObject({ status: 'done' });
    });

    test('names that are not UTF-8, of files and of folders, alike but for one byte', async () => {
      const folder = copyOf(generated);
      const at = (name: readonly number[]) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
      const bytes = readFileSync(join(folder, '000001.png'));
      try {
        writeFileSync(at([0x7a, 0xe9, 0x2e, 0x70, 0x6e, 0x67]), bytes);
      } catch {
        // Some file systems take no such names.
        return;
      }
      writeFileSync(at([0x7a, 0xe8, 0x2e, 0x70, 0x6e, 0x67]), bytes);
      mkdirSync(at([0x7a, 0xe7]));
      const { report } = await audit({ generated: folder });
      const reason = 'its name is not UTF-8, rename it';
      expect(report.skipped).toEqual(
        ['z\\xe7', 'z\\xe8.png', 'z\\xe9.png'].map(file => ({ set: 'generated', file, reason })),
      );
    });

    test('the command obeys SIGTERM at once while a pipe lies in the folder', async () => {
      const folder = copyOf(generated);
      execFileSync('mkfifo', [join(folder, '0.jpg')]);
      const args = ['audit', '--train', training, '--generated', folder, '--runs-dir', join(root, 'term')];
      const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = once(child, 'close');
      await new Promise(resolve => setTimeout(resolve, 700));
      const before = performance.now();
      child.kill('SIGTERM');
      await ended;
      expect(performance.now() - before).toBeLessThan(5000);
    }, 30_000);

    test.each(['labels.csv', 'labels'])('a pipe in place of a label table (%s)', async name => {
      const folder = copyOf(generated);
      const table = join(folder, name);
      rmSync(join(folder, 'labels.csv'));
      execFileSync('mkfifo', [table]);
      await expect(
        audit({ generated: folder, ...(name === 'labels' ? { generatedLabels: table } : {}) }),
      ).rejects.toThrow('not a regular file');
    });

    test('a pipe in place of embeddings', async () => {
      const path = join(root, 'pipe.npy');
      execFileSync('mkfifo', [path]);
      await expect(audit({ training: path })).rejects.toThrow('pipe.npy: neither a folder nor a regular file');
    });
  },
);

describe('provenance of a run that was stopped', () => {
  async function stopped(folder: string, items: number): Promise<string> {
    const controller = new AbortController();
    let path = '';
    const runsDir = join(root, `runs-${count++}`);
    const input = { training: folder, generated, ...settings };
    try {
      for await (const event of auditRun(input, { runsDir, signal: controller.signal })) {
        if (event.type === 'run') path = event.path;
        if (event.type === 'item' && event.done === items) controller.abort();
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'interrupted' });
    }
    return path;
  }

  test('an image that was read and replaced since is named, and the run is not resumed', async () => {
    const folder = copyOf(training);
    const path = await stopped(folder, 5);
    const image = join(folder, '000002.png');
    const former = readFileSync(image);
    writeFileSync(image, readFileSync(join(folder, '000003.png')));
    await expect(finish(resumeAudit(path))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`${image}: changed since this run read it`),
    });
    rmSync(image);
    symlinkSync('/nonexistent.png', image);
    await expect(finish(resumeAudit(path))).rejects.toThrow(`${image}: changed since`);
    rmSync(image);
    writeFileSync(image, former);
    await finish(resumeAudit(path));
    const { status, provenance } = await readRunRecord(path);
    expect(status).toBe('done');
    // The digest of a set whose files can all be read is what it always was.
    const names = readdirSync(folder).filter(name => name.endsWith('.png'));
    expect(provenance.digests.training).toBe(
      await digestFiles(names.map(file => ({ file, path: join(folder, file) }))),
    );
    expect(provenance.digests.trainingLabels).toMatch(/^[0-9a-f]{64}$/);
  });

  test('an image that was not read yet may still change', async () => {
    const folder = copyOf(training);
    const path = await stopped(folder, 3);
    writeFileSync(join(folder, '000011.png'), readFileSync(join(folder, '000001.png')));
    const { result } = await finish(resumeAudit(path));
    expect(result.sets.training.embedded).toBe(12);
  });

  test('items of former versions, without digests, are taken as they are', async () => {
    const folder = copyOf(training);
    const path = await stopped(folder, 5);
    const log = join(path, 'items.jsonl');
    // They have no checksums behind their lines either.
    const lines = readFileSync(log, 'utf8').split('\n');
    writeFileSync(log, lines.map(line => line.trimEnd().replace(/,"digest":"[0-9a-f]+"/, '')).join('\n'));
    const { result } = await finish(resumeAudit(path));
    expect(result.sets.training.embedded).toBe(12);
  });

  test('the digest of a set is of the bytes that were embedded', async () => {
    const folder = copyOf(training);
    const image = join(folder, '000001.png');
    const names = readdirSync(folder).filter(name => name.endsWith('.png'));
    const before = await digestFiles(names.map(file => ({ file, path: join(folder, file) })));
    let path = '';
    for await (const event of auditRun(
      { training: folder, generated, ...settings },
      { runsDir: join(root, `runs-${count++}`) },
    )) {
      if (event.type === 'run') path = event.path;
      // Replaced after it was read, while the run goes on.
      if (event.type === 'item' && event.done === 3) writeFileSync(image, 'other bytes');
    }
    expect((await readRunRecord(path)).provenance.digests.training).toBe(before);
  });
});

test('a set digest names a file that cannot be read, and ends nothing', async () => {
  const path = join(training, '000001.png');
  const digest = await digestFiles([
    { file: 'a', path },
    { file: 'b', path: join(root, 'nowhere') },
  ]);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(digest).not.toBe(await digestFiles([{ file: 'a', path }]));
});
