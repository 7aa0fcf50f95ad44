import { type FaceAnalyserOptions, openFaceAnalyser } from './analyser.ts';
import { CustomModel } from './custom-model.ts';
import type { FaceAnalyser } from './finding.ts';
import { hubModelPath, isHubModel } from './hub-model.ts';
import { borrowLanes, openLanes } from './lanes.ts';
import { type ModelKind, readModelCard } from './model-card.ts';

/** The spec of what comes with biolens; any other is the path of an ONNX model with a card beside it. */
export const BUILT_IN = 'built-in';

export interface OpenModelOptions extends FaceAnalyserOptions {
  /** Finds faces for the model; left open when the model is closed. By default one is opened if it is needed. */
  readonly analyser?: FaceAnalyser;
}

/** A user's model, or the built-in networks in its place. */
export type OpenedModel = { readonly name: string; readonly concurrency: number; close(): Promise<void> } & (
  | { readonly custom: CustomModel; readonly analyser: FaceAnalyser | undefined }
  | { readonly custom: undefined; readonly analyser: FaceAnalyser }
);

/** Closes in the order of opening reversed. */
class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  add<T extends { close(): Promise<void> }>(opened: T): T {
    this.#closers.push(() => opened.close());
    return opened;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

/**
 * Opens a model by its spec: `built-in`, the path of an ONNX file, or `hf:OWNER/NAME` for one that lies on this machine.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there.
 */
export async function openModel(spec: string, kind: ModelKind, options: OpenModelOptions): Promise<OpenedModel> {
  const closers = new Closers();
  const close = () => closers.close();
  const { analyser: shared, ...analyserOptions } = options;
  try {
    if (spec === BUILT_IN) {
      const analyser = shared ?? closers.add(await openFaceAnalyser(analyserOptions));
      return { name: BUILT_IN, custom: undefined, analyser, concurrency: analyser.concurrency, close };
    }
    const path = isHubModel(spec) ? hubModelPath(spec) : spec;
    const model = await readModelCard(path, kind);
    const { runtime, ...runtimeOptions } = analyserOptions;
    const lanes = closers.add(runtime === undefined ? await openLanes(runtimeOptions) : borrowLanes(runtime));
    const session = await lanes.load(model.bytes, { file: path });
    const custom = closers.add(new CustomModel(model, session, lanes));
    let analyser = shared;
    if (custom.needsFaces) analyser ??= closers.add(await openFaceAnalyser({ ...analyserOptions, runtime: lanes }));
    return { name: model.card.name, custom, analyser, concurrency: lanes.count * 2, close };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
