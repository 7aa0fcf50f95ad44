import { KeyStream } from '../key-stream.ts';
import { project, type Scheme, shareEqual } from '../scheme.ts';

const HIDDEN = 256;
const BITS = 512;

/** MLP-Hash: a random network of the key, binarised. */
export const mlpHash: Scheme = {
  name: 'mlp-hash',
  title: 'MLP-Hash',
  source:
    'Shahreza, Hahn and Marcel, "MLP-Hash: Protecting Face Templates via Hashing of Randomized Multi-Layer Perceptron", EUSIPCO 2023; here one hidden layer of 256 with tanh and Gaussian weights.',
  byDefault: true,
  holds: 'bits',
  bytes: () => BITS / 8,
  length: () => BITS,
  open(key, width) {
    const stream = new KeyStream(key);
    const first = stream.normals(HIDDEN * width);
    const second = stream.normals(BITS * HIDDEN);
    return {
      // Rows of the first layer have variance 1, so that its sums of a unit embedding have too.
      protect: unit => Uint8Array.from(project(second, project(first, unit).map(Math.tanh)), y => (y > 0 ? 1 : 0)),
    };
  },
  compare: shareEqual,
};
