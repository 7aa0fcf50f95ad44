import { BiolensError } from '../../ground/errors.ts';
import type { Session } from './runtime.ts';
import { float32, formatShape, sizeOf, type TensorData } from './types.ts';

type Tensors = Readonly<Record<string, TensorData>>;

/**
 * Cuts tensors along their first axis, which is as long in all of them, into parts that differ by one row at most.
 *
 * Each part has memory of its own: views would be sent to a worker with all that they are views of.
 */
export function cutRows(tensors: Tensors, parts: number): Record<string, TensorData>[] {
  const lengths = new Set(Object.values(tensors).map(({ shape }) => shape[0]));
  const [rows] = lengths;
  if (lengths.size !== 1 || rows === undefined || rows < parts) {
    const shapes = Object.entries(tensors).map(([name, { shape }]) => `"${name}" of ${formatShape(shape)}`);
    throw new BiolensError('usage', `${shapes.join(', ')} cannot be split into ${parts} parts of their first axis`);
  }
  return Array.from({ length: parts }, (_, part) => {
    const [start, end] = [Math.floor((part * rows) / parts), Math.floor(((part + 1) * rows) / parts)];
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const size = sizeOf(tensor.shape.slice(1));
        const data = tensor.data.slice(start * size, end * size);
        return [name, { ...tensor, shape: [end - start, ...tensor.shape.slice(1)], data } as TensorData];
      }),
    );
  });
}

/** Joins what parts gave under a name, one part's rows after the other's; float32. */
export function joinRows(name: string, parts: readonly TensorData[]): TensorData & { readonly dtype: 'float32' } {
  const floats = parts.filter(part => part.dtype === 'float32');
  const [first] = floats;
  if (first === undefined || floats.length < parts.length || first.shape.length === 0)
    throw new BiolensError('usage', `output "${name}" of a run in parts expected float32 rows`);
  const data = new Float32Array(floats.reduce((sum, part) => sum + part.data.length, 0));
  let offset = 0;
  for (const part of floats) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return float32(data, [floats.reduce((sum, { shape }) => sum + shape[0]!, 0), ...first.shape.slice(1)]);
}

/**
 * Runs a model on parts of a batch side by side, for models whose rows do not depend on one another: quicker on several cores than a run
 * with as many threads. The session is to have as many lanes.
 *
 * @param feeds tensors of one length along their first axis
 * @throws {BiolensError} as a session's `run`; `usage` for fewer rows than parts or outputs that are no float32 rows.
 * @example
 * const session = await runtime.load(model, { lanes: runtime.threads });
 * const { y } = await runInParts(session, { x }, { parts: runtime.threads });
 */
export async function runInParts(
  session: Session,
  feeds: Tensors,
  { parts, signal }: { readonly parts: number; readonly signal?: AbortSignal | undefined },
): Promise<Record<string, TensorData>> {
  if (!Number.isInteger(parts) || parts < 1)
    throw new BiolensError('usage', `"parts" expected a whole number from 1, got ${parts}`);
  if (parts === 1) return session.run(feeds, { signal });
  const found = await Promise.all(cutRows(feeds, parts).map(part => session.run(part, { signal, transfer: true })));
  return Object.fromEntries(
    session.outputs.map(({ name }) => [
      name,
      joinRows(
        name,
        found.map(outputs => outputs[name]!),
      ),
    ]),
  );
}
