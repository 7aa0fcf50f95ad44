import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { MainModule } from 'node-seal';
import { BiolensError, messageOf } from '../../../../../ground/errors.ts';
import type { Plan } from '../../plan.ts';
import { loadSeal, openContext, type SealScope } from '../../seal/context.ts';
import type { Reply, ThreadData } from '../calls.ts';

/** The buffers that a value holds alone, so that they can be handed over instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const arrays = Array.isArray(value) ? value : [value];
  return [...new Set(arrays.filter(ArrayBuffer.isView).map(({ buffer }) => buffer))].filter(
    buffer => buffer instanceof ArrayBuffer,
  );
}

/** SEAL's exceptions are C++ objects that say what they are about only when asked. */
function sealMessage(seal: MainModule | undefined, error: unknown): string {
  if (error instanceof Error) return messageOf(error);
  const ask = seal === undefined ? undefined : Reflect.get(seal, 'getExceptionMessage');
  if (typeof ask !== 'function') return messageOf(error);
  const told: unknown = ask.call(seal, error);
  return Array.isArray(told) ? told.map(String).join(': ') : messageOf(error);
}

/** What C++ throws is a refusal of what it was given; everything else that is no error of ours may have left its memory in disorder. */
const isTrap = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError || error instanceof RangeError || messageOf(error).startsWith('Aborted');

/** What SEAL throws is about what it was given. */
function codeOf(error: unknown): 'input' | 'usage' | 'external' {
  if (!(error instanceof BiolensError)) return 'input';
  return error.code === 'usage' || error.code === 'input' ? error.code : 'external';
}

/**
 * Answers the calls of one line, one after another, with SEAL in this thread.
 *
 * @param open makes what answers, once SEAL is there
 */
export function serveThread<C extends { readonly op: string }>(
  open: (scope: SealScope, data: ThreadData & { readonly plan: Plan }) => (call: C) => unknown,
): void {
  const port = parentPort;
  if (port === null) throw new Error('runs in a worker alone');
  const data: ThreadData & { readonly plan: Plan } = workerData;
  let memory: WebAssembly.Memory | undefined;
  let seal: MainModule | undefined;
  const opened = (async () => {
    seal = await loadSeal({
      // As the library would do it, but so that the size of its memory can be told.
      instantiateWasm: (imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): void => {
        const path = new URL('seal_throws.wasm', import.meta.resolve('node-seal'));
        void (async () => {
          const { instance } = await WebAssembly.instantiate(await readFile(fileURLToPath(path)), imports);
          memory = Object.values(instance.exports).find(value => value instanceof WebAssembly.Memory);
          receive(instance);
        })();
      },
    });
    return open(openContext(seal, data.plan.parameters), data);
  })();
  // Whoever asks first hears of it.
  opened.catch(() => undefined);
  let last: Promise<unknown> = opened;
  const answer = async (id: number, call: C): Promise<void> => {
    try {
      const respond = await opened;
      const value = call.op === 'memory' ? (memory?.buffer.byteLength ?? 0) : respond(call);
      port.postMessage({ id, value } satisfies Reply, buffersOf(value));
    } catch (error) {
      const trapped = isTrap(error);
      const code = trapped ? 'external' : codeOf(error);
      port.postMessage({ id, error: sealMessage(seal, error), code, trapped } satisfies Reply);
    }
  };
  port.on('message', ({ id, call }: { readonly id: number; readonly call: C }) => {
    last = last.catch(() => undefined).then(() => answer(id, call));
  });
}
