import { BiolensError } from '../errors.ts';
import { formatShape, sizeOf, type TensorData, type TensorInfo, UNKNOWN_SIZE } from './types.ts';

export type DeviceChoice = 'auto' | 'cpu' | 'webgpu' | 'cuda';
export type Device = Exclude<DeviceChoice, 'auto'>;

export interface RuntimeOptions {
  /** `auto` takes CUDA where it is installed, else the CPU. Default `auto`. */
  readonly device?: DeviceChoice;
  /** Threads of one operation on the CPU; all cores by default. */
  readonly threads?: number;
}

export interface LoadOptions {
  /** What messages call the model. */
  readonly file?: string;
}

export interface RunOptions {
  /** Outputs to compute; all by default. */
  readonly outputs?: readonly string[];
  /** Hand the inputs' memory over instead of copying it: their arrays are empty afterwards. Default false. */
  readonly transfer?: boolean;
  /**
   * Rejects with `interrupted` at once. The operation under way still finishes in the background and its result is dropped; the
   * session stays usable.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A model loaded into a runtime. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Computes outputs by name.
   *
   * @throws {BiolensError} `usage` for an input that is missing, unknown, or of another type or shape than the model's.
   */
  readonly run: (
    feeds: Readonly<Record<string, TensorData>>,
    options?: RunOptions,
  ) => Promise<Record<string, TensorData>>;
  /** Frees the model's memory. */
  readonly close: () => Promise<void>;
}

/** A place that runs models: a worker thread in Node, a web worker in a browser. */
export interface Runtime {
  readonly device: Device;
  /** Name and version of the engine, for provenance. */
  readonly engine: string;
  /** @throws {BiolensError} `input` for a model that the engine refuses. */
  readonly load: (model: Uint8Array, options?: LoadOptions) => Promise<Session>;
  readonly close: () => Promise<void>;
}

/** Checks feeds against a model before they reach the engine. */
export function checkFeeds(inputs: readonly TensorInfo[], feeds: Readonly<Record<string, TensorData>>): void {
  const known = inputs.map(({ name }) => name).join(', ');
  for (const name of Object.keys(feeds)) {
    if (!inputs.some(input => input.name === name))
      throw new BiolensError('usage', `input "${name}" is not one of the model's: ${known}`);
  }
  const symbols = new Map<string, number>();
  for (const { name, shape, dtype } of inputs) {
    const feed = feeds[name];
    if (feed === undefined) throw new BiolensError('usage', `input "${name}" is missing, the model takes ${known}`);
    if (feed.dtype !== dtype) throw new BiolensError('usage', `input "${name}" expected ${dtype}, got ${feed.dtype}`);
    const fits =
      feed.shape.length === shape.length &&
      shape.every((size, axis) => {
        const given = feed.shape[axis]!;
        if (typeof size === 'number') return size === given;
        if (size === UNKNOWN_SIZE) return true;
        const bound = symbols.get(size) ?? given;
        symbols.set(size, bound);
        return bound === given;
      });
    if (!fits)
      throw new BiolensError('usage', `input "${name}" expected ${formatShape(shape)}, got ${formatShape(feed.shape)}`);
    if (feed.data.length !== sizeOf(feed.shape)) {
      throw new BiolensError('usage', `input "${name}" of ${formatShape(feed.shape)} has ${feed.data.length} numbers`);
    }
  }
}
