import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { BiolensError, type ErrorCode, messageOf } from '../../../ground/errors.ts';
import type { TensorData } from '../types.ts';
import type { Answer, Request } from './messages.ts';

export type AnswerBody = Answer extends infer A ? (A extends Answer ? Omit<A, 'id'> : never) : never;
type OpenRequest = Extract<Request, { readonly kind: 'open' }>;

/** One build of ONNX Runtime: for Node, for WebAssembly, for WebGPU. */
export interface Build {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
  readonly options: InferenceSession.SessionOptions;
  /** Whether it fills memory that outputs are given. */
  readonly fillsOutputs: boolean;
  /** Whether float16 has to reach it as bits. Default false. */
  readonly nativeHalves?: boolean;
  readonly answer: Extract<AnswerBody, { readonly kind: 'opened' }>;
}

function fromTensor(tensor: Tensor): TensorData {
  const { data, dims: shape } = tensor;
  if (tensor.type === 'float32' && data instanceof Float32Array) return { dtype: 'float32', shape, data };
  // Engines that know Float16Array give one; its bits are what is passed on.
  if (tensor.type === 'float16' && ArrayBuffer.isView(data))
    return { dtype: 'float16', shape, data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) };
  if (tensor.type === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (tensor.type === 'int64' && data instanceof BigInt64Array) return { dtype: 'int64', shape, data };
  if ((tensor.type === 'uint8' || tensor.type === 'bool') && data instanceof Uint8Array)
    return { dtype: tensor.type, shape, data };
  throw new Error(`an output has the type ${tensor.type}, which biolens does not read`);
}

const bytesOf = ({ data }: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Answers the requests of a runtime, one after the other. */
export class Engine {
  readonly #open: (request: OpenRequest) => Build | Promise<Build>;
  readonly #sessions = new Map<number, InferenceSession>();
  #build: Build | undefined;

  constructor(open: (request: OpenRequest) => Build | Promise<Build>) {
    this.#open = open;
  }

  async answer(request: Request): Promise<AnswerBody> {
    if (request.kind === 'open') {
      this.#build = await this.#open(request);
      return this.#build.answer;
    }
    const build = this.#build;
    if (build === undefined) throw new Error('the engine is not open');
    if (request.kind === 'load') {
      const extra = { session: { intra_op: { allow_spinning: request.spin ? '1' : '0' } } };
      const options = { ...build.options, intraOpNumThreads: request.threads, extra };
      this.#sessions.set(request.session, await build.InferenceSession.create(request.model, options));
      return { kind: 'loaded' };
    }
    const session = this.#sessions.get(request.session);
    if (session === undefined) throw new Error('the session is closed');
    if (request.kind === 'close') {
      this.#sessions.delete(request.session);
      await session.release();
      return { kind: 'closed' };
    }
    return { kind: 'ran', outputs: await compute(build, session, request) };
  }
}

async function compute(
  { Tensor, fillsOutputs, nativeHalves = false }: Build,
  session: InferenceSession,
  { feeds, outputs, into }: Extract<Request, { readonly kind: 'run' }>,
): Promise<Record<string, TensorData>> {
  const toTensor = ({ dtype, data, shape }: TensorData): Tensor => {
    const tensor = new Tensor(dtype, data, shape);
    // The package turns the bits of float16 into a Float16Array, of which its own library for Node (1.30) sees nothing.
    return dtype === 'float16' && nativeHalves ? Object.assign(tensor, { cpuData: data }) : tensor;
  };
  const given = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toTensor(feed)]));
  const targets = outputs.map(name => {
    const target = fillsOutputs ? into[name] : undefined;
    return [name, target === undefined ? null : toTensor(target)] as const;
  });
  const found = await session.run(given, Object.fromEntries(targets));
  return Object.fromEntries(
    Object.entries(found).map(([name, tensor]) => {
      const data = fromTensor(tensor);
      const target = into[name];
      if (fillsOutputs || target === undefined) return [name, data];
      bytesOf(target).set(bytesOf(data));
      return [name, target];
    }),
  );
}

/** Whose fault a failure is: a model that fails while it runs is wrong, unless there was no memory for it. */
export function codeOf(error: unknown, { kind }: Request): ErrorCode {
  if (error instanceof BiolensError) return error.code;
  if (kind === 'load' || kind === 'run') return /alloc|out of memory/i.test(messageOf(error)) ? 'external' : 'input';
  return 'external';
}

/** Memory of an answer that can be handed over. */
export function buffersOf(body: AnswerBody): ArrayBuffer[] {
  const arrays = body.kind === 'ran' ? Object.values(body.outputs).map(({ data }) => data.buffer) : [];
  return [...new Set(arrays)].filter(buffer => buffer instanceof ArrayBuffer);
}
