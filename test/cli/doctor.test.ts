import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCli } from '../../src/app/cli/main.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-doctor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function doctor(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  let out = '';
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: () => undefined,
    interactive: false,
    columns: 80,
    env: { BIOLENS_FFMPEG: join(root, 'no-ffmpeg') },
  };
  return { code: await runCli(['doctor', ...args], io), out };
}

test('says what works, and why what does not', { timeout: 120_000 }, async () => {
  writeFileSync(join(root, 'file'), '');
  const { code, out } = await doctor('--json', '--runs-dir', join(root, 'file'));
  expect(code).toBe(0);
  const { devices, optional, runs } = JSON.parse(out);
  const named = (name: string) => [...devices, ...optional].find(finding => finding.name === name);
  expect(named('cpu')).toEqual({ name: 'cpu', works: true, text: expect.stringMatching(/^onnxruntime-node 1\./) });
  // Whatever would be taken works, and where a device does not work the reason is told once.
  expect(named('auto').works).toBe(true);
  for (const { name, works, text } of devices) if (!works) expect(text).not.toContain(`device ${name}`);
  expect(named('ffmpeg')).toMatchObject({ works: false, text: expect.stringContaining('no program that can be run') });
  expect(named('node-seal')).toMatchObject({ works: true });
  expect(runs.works).toBe(false);
  const text = (await doctor('--runs-dir', root)).out;
  expect(text.split('\n').filter(line => line.length > 80 && !line.includes(root))).toEqual([]);
  expect(text).toMatch(/^yes {2}cpu: onnxruntime-node/m);
});
