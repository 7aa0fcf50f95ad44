import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEGREE } from '../../../../src/jobs/templates/encrypted/additive/index.ts';
import { openSlotLedger } from '../../../../src/jobs/templates/encrypted/additive/node.ts';
import { killOften } from './kills.ts';

describe('slots are given out once', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'biolens-ledger-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('across restarts, new blocks and reservations at the same time', async () => {
    const path = join(folder, 'slots');
    {
      await using ledger = await openSlotLedger(path);
      const both = await Promise.all([ledger.reserve(2), ledger.reserve(1)]);
      expect(both.flat().map(({ index }) => index)).toEqual([0, 1, 2]);
      ledger.newBlock();
      expect(await ledger.reserve(1)).toEqual([{ block: 1, index: 0 }]);
    }
    await using ledger = await openSlotLedger(path);
    expect(await ledger.reserve(DEGREE)).toHaveLength(DEGREE);
    expect(await ledger.reserve(1)).toEqual([{ block: 2, index: 1 }]);
    await expect(ledger.reserve(0)).rejects.toThrow('"count"');
  });

  test('a block that was left stays so after a restart', async () => {
    const path = join(folder, 'left');
    {
      await using ledger = await openSlotLedger(path);
      await ledger.reserve(3);
      ledger.newBlock();
    }
    await using ledger = await openSlotLedger(path);
    expect(await ledger.reserve(1)).toEqual([{ block: 1, index: 0 }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a ledger is open once: two that count from the same slot would release it twice', async () => {
    const path = join(folder, 'twice');
    {
      await using ledger = await openSlotLedger(path);
      await ledger.reserve(1);
      await expect(openSlotLedger(path)).rejects.toThrow(`process ${process.pid} on`);
      // Nor by another process.
      const script = resolve('test/templates/encrypted/additive/enroller.ts');
      const other = spawnSync(process.execPath, [script, path, join(folder, 'none')], { encoding: 'utf8' });
      expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('gives out its slots')]);
      expect(await ledger.reserve(1)).toEqual([{ block: 0, index: 1 }]);
    }
    await using ledger = await openSlotLedger(path);
    expect(await ledger.reserve(1)).toEqual([{ block: 0, index: 2 }]);
  });

  test('a torn line was promised to nobody; a changed one is refused', async () => {
    const path = join(folder, 'torn');
    {
      await using ledger = await openSlotLedger(path);
      await ledger.reserve(10);
    }
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '00000000000000');
    {
      await using ledger = await openSlotLedger(path);
      expect(await ledger.reserve(1)).toEqual([{ block: 0, index: 10 }]);
    }
    // Half a header, as after a kill right at the beginning.
    writeFileSync(join(folder, 'new'), 'biolens add');
    await using fresh = await openSlotLedger(join(folder, 'new'));
    expect(await fresh.reserve(1)).toEqual([{ block: 0, index: 0 }]);
    writeFileSync(path, whole.replaceAll('10', '03').replace('03 ', '02 '));
    await expect(openSlotLedger(path)).rejects.toThrow('line 2 was changed');
    writeFileSync(path, 'something else');
    await expect(openSlotLedger(path)).rejects.toThrow('no ledger of slots');
  });

  test('after six kills no slot was released twice', async () => {
    const { released, twice } = await killOften(6);
    expect(twice).toEqual([]);
    expect(released).toBeGreaterThan(6);
  });
});
