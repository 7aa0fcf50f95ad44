import type { Graph, Runtime, Session } from '../tensor/index.ts';
import { ageGenderGraph } from './networks/age-gender.ts';
import { detectorGraph } from './networks/detector.ts';
import { embedderGraph } from './networks/embedder.ts';
import { expressionGraph } from './networks/expression.ts';
import { landmarksGraph } from './networks/landmarks.ts';
import { type NetworkName, readWeights, type Weights } from './weights.ts';

const GRAPHS: Readonly<Record<NetworkName, (weights: Weights) => Graph>> = {
  detector: detectorGraph,
  landmarks: landmarksGraph,
  embedder: embedderGraph,
  ageGender: ageGenderGraph,
  expression: expressionGraph,
};

/** The built-in networks, each as a session of one runtime. */
export interface BuiltInNetworks {
  readonly sessions: Readonly<Record<NetworkName, Session>>;
  /** Corners of the detector's prior boxes, `[n, 4]`: top, left, bottom, right as shares of its square. */
  readonly priors: Float32Array;
}

/** Reads the weights of all built-in networks and loads them into a runtime. */
export async function loadBuiltIn(runtime: Runtime): Promise<BuiltInNetworks> {
  let priors: Float32Array = new Float32Array();
  const load = async (network: NetworkName): Promise<Session> => {
    const weights = await readWeights(network);
    if (network === 'detector') priors = weights.get('Output/extra_dim', 3).data;
    return runtime.load(GRAPHS[network](weights).build(), { file: `built-in ${network}` });
  };
  const sessions = {
    detector: await load('detector'),
    landmarks: await load('landmarks'),
    embedder: await load('embedder'),
    ageGender: await load('ageGender'),
    expression: await load('expression'),
  };
  return { sessions, priors };
}
