import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs';
import type { FaceFinding } from '../../src/kit/faces/index.ts';
import type { Image } from '../../src/kit/images/index.ts';

const require = createRequire(import.meta.url);

/** What is used of the package; its own types are those of a bundled copy of TensorFlow.js that does not fit the real one. */
interface FaceApi {
  readonly nets: {
    readonly ssdMobilenetv1: Net & {
      forward(input: Tensor): Promise<{ readonly boxes: readonly Tensor[]; readonly scores: readonly Tensor[] }>;
    };
    readonly faceLandmark68Net: Net & { forward(input: Tensor): Promise<Tensor> };
    readonly faceRecognitionNet: Net & { forward(input: Tensor): Promise<Tensor> };
    readonly ageGenderNet: Net & { forward(input: Tensor): Promise<{ readonly age: Tensor; readonly gender: Tensor }> };
    readonly faceExpressionNet: Net & { forward(input: Tensor): Promise<Tensor> };
  };
  detectAllFaces(input: Tensor): DetectTask;
}

interface Net {
  loadFromDisk(folder: string): Promise<void>;
}

interface DetectTask extends PromiseLike<readonly unknown[]> {
  withFaceLandmarks(): {
    withAgeAndGender(): { withFaceExpressions(): { withFaceDescriptors(): PromiseLike<readonly Described[]> } };
  };
}

interface Described {
  readonly detection: { readonly score: number; readonly box: FaceFinding['box'] };
  readonly landmarks: { readonly positions: readonly { readonly x: number; readonly y: number }[] };
  readonly age: number;
  readonly gender: FaceFinding['gender'];
  readonly genderProbability: number;
  readonly expressions: FaceFinding['expressionProbabilities'];
  readonly descriptor: Float32Array;
}

/** What the package itself says of a face, in our terms. */
export type ReferenceFace = Omit<FaceFinding, 'expression'>;

export interface Reference {
  readonly nets: FaceApi['nets'];
  toTensor(image: Image): Tensor3D;
  /** The package's whole pipeline on one image, in its order of faces: highest score first. */
  analyse(image: Image): Promise<ReferenceFace[]>;
  /** The package's detector alone: the number of faces. */
  detect(image: Image): Promise<number>;
}

/** Opens the package's own networks on TensorFlow.js' WebAssembly backend, as its documentation does in Node. */
export async function openReference(): Promise<Reference> {
  const tf: typeof import('@tensorflow/tfjs') = require('@tensorflow/tfjs');
  const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = require('@tensorflow/tfjs-backend-wasm');
  const faceapi: FaceApi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  await tf.setBackend('wasm');
  await tf.ready();
  const folder = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
  const { nets } = faceapi;
  const used: readonly Net[] = [
    nets.ssdMobilenetv1,
    nets.faceLandmark68Net,
    nets.faceRecognitionNet,
    nets.ageGenderNet,
    nets.faceExpressionNet,
  ];
  for (const net of used) await net.loadFromDisk(folder);
  const toTensor = ({ width, height, data }: Image) => tf.tensor3d(data, [height, width, 3], 'int32');
  return {
    nets,
    toTensor,
    async analyse(image) {
      const tensor = toTensor(image);
      const detected = faceapi.detectAllFaces(tensor).withFaceLandmarks().withAgeAndGender();
      const found = await detected.withFaceExpressions().withFaceDescriptors();
      tensor.dispose();
      return found.map(({ detection, landmarks, age, gender, genderProbability, expressions, descriptor }) => {
        const { x, y, width, height } = detection.box;
        return {
          box: { x, y, width, height },
          score: detection.score,
          age,
          gender,
          genderProbability,
          expressionProbabilities: { ...expressions },
          landmarks: Float32Array.from(landmarks.positions.flatMap(point => [point.x, point.y])),
          embedding: descriptor,
        };
      });
    },
    async detect(image) {
      const tensor = toTensor(image);
      const found = await faceapi.detectAllFaces(tensor);
      tensor.dispose();
      return found.length;
    },
  };
}
