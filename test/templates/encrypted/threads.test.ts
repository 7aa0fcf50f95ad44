import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { type MatchServer, planMatching } from '../../../src/jobs/templates/encrypted/index.ts';
import { SealLine } from '../../../src/jobs/templates/encrypted/line/node.ts';
import type { ClientCall } from '../../../src/jobs/templates/encrypted/thread/calls.ts';
import { importsOf, sourceFiles } from '../../house/sources.ts';
import { clearScores, openBoth, randomRows } from './matching.ts';

const files = sourceFiles('src/jobs/templates/encrypted');

describe('SEAL in its threads', () => {
  test('a trap ends the call and not the process; the next call finds everything as it was', async () => {
    const plan = planMatching({ mode: 'both-encrypted', scheme: 'ckks', dimension: 8 });
    let restored = 0;
    const line = new SealLine<ClientCall>('client', {
      data: () => ({ plan }),
      restore: async () => {
        restored++;
      },
    });
    // Our checks keep an infinity from ever reaching SEAL; here it is given one past them.
    const values = new Float64Array(8).fill(Number.POSITIVE_INFINITY);
    await expect(line.ask({ op: 'encryptProbe', values })).rejects.toThrow('SEAL trapped');
    expect(line.replaced).toBe(1);
    const parts = await line.ask({ op: 'encryptProbe', values: new Float64Array(8).fill(0.1) });
    expect(parts).toHaveLength(8);
    expect(restored).toBe(2);
    await line.close();
    await expect(line.ask({ op: 'secret' })).rejects.toThrow('closed');
  });

  test('memory does not grow with use', async () => {
    const plan = planMatching({ mode: 'encrypted-gallery', dimension: 32 });
    const gallery = randomRows(50, 32, 1);
    await using both = await openBoth(plan, gallery);
    const once = async () => {
      const result = await both.server.match(await both.client.probe(row(gallery, 3)));
      return both.client.scores(result);
    };
    for (let i = 0; i < 20; i++) await once();
    const before = await both.server.memory();
    for (let i = 0; i < 400; i++) await once();
    expect(await once()).toEqual(clearScores(plan, gallery, row(gallery, 3)));
    expect(await both.server.memory()).toEqual(before);
  });

  test('a gallery larger than a ciphertext is matched in blocks, whatever the number of workers', async () => {
    const plan = planMatching({ mode: 'encrypted-gallery', dimension: 4 });
    const gallery = randomRows(2 * plan.blockSize + 17, 4, 1);
    await using both = await openBoth(plan, gallery, { workers: 2 });
    const result = await both.server.match(await both.client.probe(row(gallery, 4000)));
    expect(await both.client.scores(result)).toEqual(clearScores(plan, gallery, row(gallery, 4000)));
  });

  test('the noise budget, whose value on a hostile ciphertext gives away the key, is asked for nowhere', () => {
    for (const file of files) expect(readFileSync(file, 'utf8'), file).not.toContain('invariantNoise');
  });

  test('the server’s thread loads nothing that decrypts', () => {
    const seen = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const name of importsOf(readFileSync(file, 'utf8')))
        if (name.startsWith('.')) walk(new URL(name, `file:///${file}`).pathname.slice(1));
    };
    walk('src/jobs/templates/encrypted/thread/server/node.ts');
    expect([...seen].some(file => file.endsWith('server-engine.ts'))).toBe(true);
    for (const file of seen) {
      const text = readFileSync(file, 'utf8');
      // Types of the client's calls are erased; code is what counts.
      if (!file.endsWith('client-engine.ts'))
        expect(text, file).not.toMatch(/new seal\.(Decryptor|KeyGenerator|SecretKey)/);
    }
    const entry = readFileSync('src/jobs/templates/encrypted/thread/server/node.ts', 'utf8');
    expect(entry).not.toContain('client');
  });

  test('a server has no way to decrypt, by type', () => {
    const use = (server: MatchServer): void => {
      // @ts-expect-error roles are apart: only a client decides
      void server.decide;
      // @ts-expect-error and only a client sees scores
      void server.scores;
    };
    expect(use).toBeTypeOf('function');
  });
});
