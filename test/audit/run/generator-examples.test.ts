import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const examples = join(import.meta.dirname, '../../../examples/generators');
const root = mkdtempSync(join(tmpdir(), 'biolens-generator-examples-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version']);
    return true;
  } catch {
    return false;
  }
}

async function python(script: string, ...args: string[]): Promise<{ readonly code: number; readonly err: string }> {
  const child = spawn('python3', [join(examples, script), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', chunk => {
    err += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code, err };
}

describe.skipIf(!hasPython())('scripts for generators of others (needs python3)', () => {
  test('all are Python', () => {
    for (const name of readdirSync(examples).filter(name => name.endsWith('.py')))
      execFileSync('python3', ['-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read())', join(examples, name)]);
  });

  test('StyleGAN3: each seed has a range of seeds of its own', async () => {
    const seen = join(root, 'seen.txt');
    writeFileSync(
      join(root, 'gen_images.py'),
      `import sys; open(${JSON.stringify(seen)}, 'a').write(' '.join(sys.argv[1:]) + '\\n')`,
    );
    for (const seed of ['0', '7'])
      await python(
        'stylegan3_sample.py',
        '--network',
        'ffhq.pkl',
        '--code',
        root,
        '--n',
        '50',
        '--seed',
        seed,
        '--out',
        'o',
      );
    expect(readFileSync(seen, 'utf8')).toBe(
      '--outdir=o --seeds=0-49 --trunc=1 --network=ffhq.pkl\n--outdir=o --seeds=7000000-7000049 --trunc=1 --network=ffhq.pkl\n',
    );
  });

  test('ComfyUI: asks as often as it takes, with another seed each time', async () => {
    const seeds: number[] = [];
    const server = createServer(async (request, response) => {
      const url = new URL(request.url ?? '', 'http://localhost');
      if (url.pathname === '/prompt') {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part);
        seeds.push(JSON.parse(Buffer.concat(parts).toString()).prompt['3'].inputs.seed);
        response.end(JSON.stringify({ prompt_id: `p${seeds.length}` }));
      } else if (url.pathname.startsWith('/history/')) {
        const id = url.pathname.slice('/history/'.length);
        const images = [0, 1].map(i => ({ filename: `${id}-${i}.png`, subfolder: '', type: 'output' }));
        const preview = { filename: 'preview.png', subfolder: '', type: 'temp' };
        response.end(JSON.stringify({ [id]: { outputs: { 9: { images: [preview, ...images] } } } }));
      } else response.end(url.searchParams.get('filename'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const workflow = join(root, 'workflow.json');
    writeFileSync(workflow, JSON.stringify({ 3: { class_type: 'KSampler', inputs: { seed: 1, model: ['4', 0] } } }));
    const out = join(root, 'comfy');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ended = await python(
      'comfyui_sample.py',
      '--workflow',
      workflow,
      '--server',
      address,
      '--n',
      '3',
      '--seed',
      '2',
      '--out',
      out,
    );
    server.close();
    expect(ended).toEqual({ code: 0, err: '' });
    expect(seeds).toEqual([2_000_006, 2_000_007]);
    expect(readdirSync(out).map(name => readFileSync(join(out, name), 'utf8'))).toEqual([
      'p1-0.png',
      'p1-1.png',
      'p2-0.png',
    ]);
  });
});
