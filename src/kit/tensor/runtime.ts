import { BiolensError } from '../../ground/errors.ts';
import { formatShape, sizeOf, type TensorData, type TensorInfo, UNKNOWN_SIZE } from './types.ts';

export type DeviceChoice = 'auto' | 'cpu' | 'webgpu' | 'cuda';
export type Device = Exclude<DeviceChoice, 'auto'>;

export interface RuntimeOptions {
  /** `auto` takes CUDA where it is installed, else the CPU. Default `auto`. */
  readonly device?: DeviceChoice;
  /** Threads of one operation on the CPU; all cores by default. */
  readonly threads?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadOptions {
  /** What messages call the model. */
  readonly file?: string;
  /** Hand the model's bytes over instead of copying them: the array is empty afterwards. Default false. */
  readonly transfer?: boolean;
  /**
   * The CPU's threads wait for one another at full speed: quicker between small operations, several times slower where other work wants
   * the same cores. Default true.
   */
  readonly spin?: boolean;
  /**
   * Runs that may go on at once, each with its share of the threads; others wait in line. Operations that use one thread only (copies, for
   * instance) then leave no core idle. Default 1.
   */
  readonly lanes?: number;
}

export interface RunOptions {
  /** Outputs to compute; all by default. */
  readonly outputs?: readonly string[];
  /** Hand the inputs' memory over instead of copying it: their arrays are empty afterwards, come what may. Default false. */
  readonly transfer?: boolean;
  /**
   * Memory that outputs are written to, by name; those are returned in it. In Node memory in a `SharedArrayBuffer` is passed without a copy,
   * here and as an input. Until the run ends, or the session closes after an interrupted run, it is the engine's.
   */
  readonly into?: Readonly<Record<string, TensorData>>;
  /**
   * Rejects with `interrupted` at once. The engine cannot be stopped within a run: one that it has begun, or that waits in line, goes on
   * in the background and its result is dropped. The session stays usable; the next run waits its turn.
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
   * @throws {BiolensError} `usage` for an input that is missing, unknown, or of another type or shape than the model's; `input` naming the
   *   model when it fails on inputs that fit; `external` when memory is short; `interrupted`.
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
  /** Threads of one operation. */
  readonly threads: number;
  /** Why this device: `asked for`, `CUDA is installed and works`, … */
  readonly deviceReason: string;
  /** Name and version of the engine, for provenance. */
  readonly engine: string;
  /** @throws {BiolensError} `input` for a model that the engine refuses. */
  readonly load: (model: Uint8Array, options?: LoadOptions) => Promise<Session>;
  /** Rejects the runs in hand with `usage`, and resolves when the worker has ended, at the latest after the one that it computes. */
  readonly close: () => Promise<void>;
}

/** Checks that an output fits the memory it is to be written to. */
export function checkInto(outputs: readonly TensorInfo[], into: Readonly<Record<string, TensorData>>): void {
  for (const [name, { dtype, shape, data }] of Object.entries(into)) {
    const output = outputs.find(info => info.name === name);
    const fits =
      output?.dtype === dtype &&
      output.shape.length === shape.length &&
      output.shape.every((size, axis) => typeof size === 'string' || size === shape[axis]);
    if (!fits || data.length !== sizeOf(shape))
      throw new BiolensError('usage', `output "${name}" does not fit the ${dtype} ${formatShape(shape)} given for it`);
  }
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
    if (dtype === null)
      throw new BiolensError('input', `input "${name}" is of an element type that biolens does not feed`);
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
