import { appendFileSync } from 'node:fs';
import { AdditiveHolder, planAdditive } from '../../../../src/jobs/templates/encrypted/additive/index.ts';
import { openSlotLedger } from '../../../../src/jobs/templates/encrypted/additive/node.ts';

// A process of its own, to be killed: LEDGER RELEASED. Enrols without end, opens a new block now and then as re-keying does, and writes down each
// ciphertext at the moment at which it leaves.

const [ledgerPath = '', released = ''] = process.argv.slice(2);
const keys = { master: new Uint8Array(32).fill(1), seed: new Uint8Array(32).fill(2) };
const ledger = await openSlotLedger(ledgerPath);
const holder = await AdditiveHolder.open(planAdditive({ dimension: 2 }), keys, ledger);
for (let turn = 0; ; turn++) {
  if (turn % 7 === 6) ledger.newBlock();
  const template = Int16Array.of(turn % 100, 100);
  const encrypted = await holder.encrypt(Int16Array.from([...template, ...template, ...template]));
  for (const { slot, words } of encrypted) appendFileSync(released, `${slot.block}/${slot.index} ${words.join(',')}\n`);
  if (turn === 0) process.stdout.write('ready\n');
}
