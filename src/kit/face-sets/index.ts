export { type FaceSet, type FaceSetItem, type FaceSetOptions, openFaceSet } from './face-set.ts';
export { isFlat } from './flat.ts';
export { decodeEmbedding, encodeEmbedding, type FaceItem, faceItemSchema } from './items.ts';
export { type OpenedSets, openSets, type WantedSet } from './open-sets.ts';
export {
  collectSet,
  type EmbeddingSettings,
  filesOf,
  type ReadSet,
  type ReadSetEvent,
  readSets,
  recordFiles,
} from './read-set.ts';
export { readTextFile } from './text-file.ts';
