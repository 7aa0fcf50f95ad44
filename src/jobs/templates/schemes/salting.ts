import { KeyStream } from '../key-stream.ts';
import type { Scheme, Template } from '../scheme.ts';

/** Length of the salt; an embedding has length 1. */
const STRENGTH = 3;
const FLOAT_BYTES = 4;

/** Salting: a vector of the key is added. */
export const salting: Scheme = {
  name: 'salting',
  title: 'Salting',
  source:
    'Zuo, Ratha and Connell, "Cancelable iris biometric", ICPR 2008 (GRAY-SALT), on embeddings: a Gaussian vector of the key, three times as long as the embedding, is added.',
  byDefault: true,
  holds: 'numbers',
  bytes: width => width * FLOAT_BYTES,
  length: width => width,
  open(key, width) {
    const salt = new KeyStream(key).normals(width);
    const length = Math.sqrt(salt.reduce((sum, value) => sum + value * value, 0));
    const added = salt.map(value => (STRENGTH * value) / length);
    return {
      protect: unit => Float32Array.from(added, (value, i) => value + unit[i]!),
      estimate: (template: Template) => added.map((value, i) => template[i]! - value),
    };
  },
  compare(a: Template, b: Template) {
    let squares = 0;
    for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
    return -squares;
  },
};
