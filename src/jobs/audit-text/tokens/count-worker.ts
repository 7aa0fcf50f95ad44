import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@huggingface/tokenizers';
import { messageOf } from '../../../ground/errors.ts';
import type { CountAnswer, CountOrder } from './count-tokens.ts';

function count(): CountAnswer {
  const { tokenizer, texts } = workerData as CountOrder;
  try {
    const made = new Tokenizer(tokenizer, {});
    return {
      kind: 'counted',
      counts: texts.map(text => made.encode(text, { add_special_tokens: false }).ids.length),
    };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error).split('\n')[0]! };
  }
}

parentPort?.postMessage(count());
