export { wearCopy } from './copy.ts';
export { FACE_SIZES, type RenderedFace, renderFace } from './face.ts';
export { type PlannedFace, type SampleOptions, sampleFaces } from './sample.ts';
export { parseSkew, SKEWABLE, type Skew, type SkewAttribute } from './skew.ts';
export { AGE_GROUPS, AGE_RANGES, type FaceSpec, MONK_COLOURS, REGIONS, type Region, SKIN_TONES } from './spec.ts';
export {
  LABEL_COLUMNS,
  type RenderFacesEvent,
  type RenderFacesOptions,
  renderFaces,
  renderPlanned,
} from './write-faces.ts';
