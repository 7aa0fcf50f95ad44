import { randomBytes } from 'node:crypto';
import { BiolensError, messageOf } from '../../../../../ground/errors.ts';
import { AdditiveHolder, DEGREE, ephemeralLedger, planAdditive, slotOf } from '../../../encrypted/additive/index.ts';
import { KeyRing } from '../../key-ring/node.ts';
import { bytesToTemplate } from '../../template-bytes.ts';
import type { HolderCall, HolderCalls, HolderReply, HolderRequest, HolderStart } from '../calls.ts';

/** What answers the calls, once it was started. */
async function openHolder({ path, dimension, least }: HolderStart) {
  const ring = await KeyRing.open(path, { create: true });
  // A master key of this process alone: its slots live no longer than it, and templates are encrypted anew at each start.
  const keys = { master: randomBytes(32), seed: randomBytes(32) };
  const holder = await AdditiveHolder.open(planAdditive({ dimension }), keys, ephemeralLedger());
  const done = (work: Promise<void>): Promise<null> => work.then(() => null);
  const scoresOf = async (probe: Int16Array, sums: Int32Array): Promise<Int32Array> => {
    const prepared = holder.prepare(probe);
    const scores = new Int32Array(sums.length);
    for (let at = 0; at < sums.length; at += DEGREE)
      await holder.decrypt(prepared, at / DEGREE, sums.subarray(at, at + DEGREE), scores.subarray(at));
    return scores;
  };
  const answers: {
    readonly [C in Exclude<HolderCall, 'start'>]: (asks: HolderCalls[C]['asks']) => Promise<HolderCalls[C]['answers']>;
  } = {
    seal: ({ template, place }) => ring.seal(template, place),
    reseal: ({ record, place, generation }) => ring.reseal(record, place, generation),
    tag: text => ring.tag(text),
    add: generation => done(ring.add(generation)),
    removeBefore: generation => done(ring.removeBefore(generation)),
    encrypt: async records => {
      const templates = new Int16Array(records.length * dimension);
      for (const [i, { record, place }] of records.entries())
        templates.set(bytesToTemplate(await ring.open(record, place), dimension), i * dimension);
      return holder.encrypt(templates);
    },
    search: async ({ probe, sums }) => {
      const scores = await scoresOf(probe, sums);
      const accepted: number[] = [];
      for (let i = 0; i < scores.length; i++) if (scores[i]! >= least) accepted.push(i);
      return Int32Array.from(accepted.sort((a, b) => scores[b]! - scores[a]! || a - b));
    },
    accepts: async ({ probe, slots, sums }) => {
      const prepared = holder.prepare(probe);
      let best = Number.NEGATIVE_INFINITY;
      for (const [i, number] of slots.entries()) {
        const { block, index } = slotOf(number);
        const own = new Int32Array(index + 1);
        own[index] = sums[i]!;
        best = Math.max(best, (await holder.decrypt(prepared, block, own))[index]!);
      }
      return best >= least;
    },
  };
  return answers;
}

let opened: ReturnType<typeof openHolder> | undefined;

async function answer<C extends HolderCall>(call: C, asks: HolderCalls[C]['asks']): Promise<HolderCalls[C]['answers']> {
  if (call === 'start') {
    opened = openHolder(asks as HolderStart);
    await opened;
    return null;
  }
  if (opened === undefined) throw new BiolensError('usage', 'the process of the keys was not started');
  const all = (await opened) as Readonly<
    Record<string, (asks: HolderCalls[C]['asks']) => Promise<HolderCalls[C]['answers']>>
  >;
  return all[call]!(asks);
}

const reply = (message: HolderReply): void => {
  // Nobody is there any more where the service was killed.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

process.on('message', async ({ id, call, asks }: HolderRequest) => {
  try {
    reply({ id, answers: await answer(call, asks) });
  } catch (error) {
    reply({ id, error: messageOf(error), code: error instanceof BiolensError ? error.code : 'external' });
  }
});
// Ctrl-C goes to both; the service ends first, and this with it.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));
